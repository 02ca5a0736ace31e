"""Beside the chapter: trio, whose handlers run in threads (trio.to_thread).

Mechanism: that of trio; the task hands the handler to a thread that trio keeps, --threads of them at a time, and
goes on when it is done. A handler that waits is slept through instead.
Cost: on top of trio the limiter's checkpoints for each message, the waking of a thread, and that of the loop by a
byte through a socket pair. Under a GIL, handlers that compute take turns with each other and with the loop.
"""

import logging
import socket
from functools import partial

from servers.contract import Complaint, Options, counted, library, run

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


async def converse(client: trio.SocketStream, options: Options, limiter: trio.CapacityLimiter) -> None:
    """One client from the first byte to the last; trio closes the socket afterwards."""
    conversation = options.service()
    try:
        if conversation.opening:
            await client.send_all(conversation.opening)
        if conversation.hangs_up:
            return
        received, receive, send, size = conversation.received, client.receive_some, client.send_all, options.recv_size
        in_thread = partial(trio.to_thread.run_sync, limiter=limiter)
        count, carry_out = options.handler.counting(), options.handler.offloaded(in_thread, trio.sleep)
        while data := await receive(size):
            if reply := received(data):
                if times := count(data):
                    await carry_out(times)
                await send(reply)
        if reply := conversation.finished():
            await send(reply)
    except trio.BrokenResourceError:
        pass  # the client is gone


async def listen(listener: socket.socket, options: Options) -> None:
    logging.getLogger("trio.serve_listeners").addFilter(Few())
    # Adopting the contract's listener pins the backlog; TCP_NODELAY trio sets by itself.
    adopted = trio.SocketListener(trio.socket.from_stdlib_socket(listener))
    limiter = trio.CapacityLimiter(options.own.threads)  # 40 for all that ask for none
    await trio.serve_listeners(partial(converse, options=options, limiter=limiter), [adopted])


def serve(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    trio.run(listen, listener, options)


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        counted("--threads", 32, 1024, "handlers at a time"),
        waits="its own way",
        offloads=True,
        unix=True,
    )
