"""Beside the chapter: gevent, whose handlers run in threads (the hub's thread pool).

Mechanism: that of gevent; the greenlet hands the handler to a pool of --threads threads, and others run until one is
done with it. A handler that waits is slept through instead.
Cost: on top of gevent a queue's locks, the waking of a thread, and that of the hub by an event for each message. Under
a GIL, handlers that compute take turns with each other and with the hub.
"""

import socket

from servers.contract import Options, counted, library, run
from servers.green_threads.waking import wake_for_signals

with library("gevent"):
    import gevent.socket
    from gevent.server import StreamServer


def converse(client: gevent.socket.socket, options: Options) -> None:
    """One client from the first byte to the last; the server closes the socket afterwards."""
    conversation = options.service()
    try:
        if conversation.opening:
            client.sendall(conversation.opening)
        if conversation.hangs_up:
            return
        received, recv, sendall, size = conversation.received, client.recv, client.sendall, options.recv_size
        in_thread = gevent.get_hub().threadpool.apply
        count = options.handler.counting()
        carry_out = options.handler.offloaded(lambda handler, times: in_thread(handler, (times,)), gevent.sleep)
        while data := recv(size):
            if reply := received(data):
                if times := count(data):
                    carry_out(times)
                sendall(reply)
        if reply := conversation.finished():
            sendall(reply)
    except OSError:
        pass  # the client is gone


def serve(listener: socket.socket, options: Options) -> None:
    wake_for_signals()
    gevent.get_hub().threadpool.maxsize = options.own.threads  # 10
    # Adopting the contract's listener pins the backlog (256); "default" sets no limit on greenlets.
    adopted = gevent.socket.socket(fileno=listener.detach())
    StreamServer(adopted, lambda client, _: converse(client, options), spawn="default").serve_forever()


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        counted("--threads", 32, 1024, "handlers at a time"),
        waits="its own way",
        offloads=True,
        unix=True,
    )
