"""Beside the chapter: eventlet, a green thread per connection.

Mechanism: code that looks blocking; a call that would wait hands over to the hub's loop, which is Python
around epoll.
Cost: a green thread with a stack of its own per client, two switches for each wait, and a listener of the
hub that is made and removed for it.
"""

import socket
import warnings

from servers.contract import EXHAUSTED, Complaint, Options, library, run

with library("eventlet"), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it advises against itself; that is no news of a client
    import eventlet
    import eventlet.greenio
    import eventlet.hubs


def converse(client: socket.socket, options: Options) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    try:
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
    except OSError:
        pass  # the client is gone
    finally:
        client.close()


def serve(listener: socket.socket, options: Options) -> None:
    eventlet.hubs.use_hub("epolls")  # its own choice on Linux, whatever EVENTLET_HUB says
    complain = Complaint()
    adopted = eventlet.greenio.GreenSocket(listener)
    while True:
        try:
            client, _ = adopted.accept()
        except OSError as error:
            if error.errno in EXHAUSTED:  # whoever waits would wake us for ever
                complain(f"no connection can be accepted: {error.strerror}")
                eventlet.sleep(0.1)
            continue
        eventlet.spawn_n(converse, client, options)  # eventlet.serve would have a pool of 1,000


if __name__ == "__main__":
    run(serve, __doc__, waits=eventlet.sleep, unix=True)
