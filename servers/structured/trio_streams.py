"""Beside the chapter: trio, a task of a nursery per connection.

Mechanism: trio's loop (epoll on Linux) wakes the task whose socket is ready. A call is tried before it waits.
Cost: each call is a checkpoint, at which a task can be cancelled and others get their turn, even if nothing
had to be waited for. The kernel is told to say so only when little is unsent (TCP_NOTSENT_LOWAT, 16 KiB).
"""

import contextlib
import logging
import socket
from functools import partial

from servers.contract import Complaint, Options, library, run
from servers.datagrams import send

with library("trio"):
    import trio


class Few(logging.Filter):
    """Out of descriptors trio would log a traceback ten times a second."""

    def __init__(self) -> None:
        super().__init__()
        self.complain = Complaint()

    def filter(self, record: logging.LogRecord) -> bool:
        self.complain(record.getMessage())
        return False


async def converse(client: trio.SocketStream, options: Options) -> None:
    """One client from the first byte to the last; trio closes the socket afterwards."""
    conversation = options.service()
    try:
        if conversation.opening:
            await client.send_all(conversation.opening)
        if conversation.hangs_up:
            return
        receive = options.handler.after(client.receive_some, trio.sleep)
        received, send, size = conversation.received, client.send_all, options.recv_size
        while data := await receive(size):
            if reply := received(data):
                await send(reply)
        if reply := conversation.finished():
            await send(reply)
    except trio.BrokenResourceError:
        pass  # the client is gone


async def listen(listener: socket.socket, options: Options) -> None:
    logging.getLogger("trio.serve_listeners").addFilter(Few())
    # Adopting the contract's listener pins the backlog; TCP_NODELAY trio sets by itself.
    adopted = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    await trio.serve_listeners(partial(converse, options=options), [adopted])


async def answer_datagrams(sock: socket.socket, options: Options) -> None:
    adopted = trio.socket.from_stdlib_socket(sock)
    received, size = options.service().received, options.recv_size
    while True:
        with contextlib.suppress(OSError):  # the reply is lost
            data, sender = await adopted.recvfrom(size)
            if options.path:
                send(sock, received(data), sender)  # trio would wait for the one whose queue is full, and spin
            else:
                await adopted.sendto(received(data), sender)


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    sock.setblocking(False)
    trio.run(answer_datagrams, sock, options)


def serve(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    trio.run(listen, listener, options)


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", datagrams=serve_datagrams, unix=True)
