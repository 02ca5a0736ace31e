"""Beside the chapter: a thread per connection on bare sockets, without socketserver.

Mechanism: that of listing 14-5; recv and sendall take the place of the library's buffered files.
Cost: a thread's start per connection, a stack and a scheduler entry per client, and the hand-over of the
GIL between requests.
"""

import contextlib
import socket
import threading
import time

from servers.contract import Complaint, Door, Options, run


def serve(listener: socket.socket, options: Options) -> None:
    door, complain = Door(listener), Complaint()
    while True:
        client = door.accept()
        if client is None:
            continue
        try:
            # A thread that isn't a daemon would keep the process alive until its client leaves.
            threading.Thread(target=attend, args=(client, options), daemon=True).start()
        except RuntimeError as error:  # there are no more threads to be had
            client.close()
            complain(f"a connection could not be served: {error}")


def attend(client: socket.socket, options: Options) -> None:
    """A client's thread, from start to end."""
    # An error means that the client is gone.
    with client, contextlib.suppress(OSError):
        converse(client, options)


def converse(client: socket.socket, options: Options) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    if conversation.opening:
        client.sendall(conversation.opening)
    if conversation.hangs_up:
        return
    received, recv, sendall, size = conversation.received, client.recv, client.sendall, options.recv_size
    while data := recv(size):
        if reply := received(data):
            sendall(reply)
    if reply := conversation.finished():
        sendall(reply)


if __name__ == "__main__":
    run(serve, __doc__, waits=time.sleep, unix=True)
