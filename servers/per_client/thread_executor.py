"""Beside the chapter: the standard library's ThreadPoolExecutor; a client is a task.

Mechanism: that of thread-pool; the executor has the queue, and starts a thread while all that it has are busy.
Cost: that of thread-pool, and for each connection a work item, a future that nobody asks, and the executor's locks.
"""

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from servers.contract import Complaint, Door, Options, counted, run


def serve(listener: socket.socket, options: Options) -> None:
    door, complain = Door(listener), Complaint()
    pool = ThreadPoolExecutor(max_workers=options.own.threads)  # at most 32 by itself, by the number of CPUs
    while True:
        client = door.accept()
        if client is None:
            continue
        try:
            pool.submit(attend, client, options)
        except RuntimeError as error:  # there are no more threads to be had; it waits in the queue until one is free
            complain(f"a connection has to wait: {error}")


def attend(client: socket.socket, options: Options) -> None:
    """A client's task, from start to end."""
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
    clients = counted("--threads", 32, 1024, "clients that are served at a time")
    run(serve, __doc__, clients, waits=time.sleep, unix=True)
