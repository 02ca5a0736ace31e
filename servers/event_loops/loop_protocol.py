"""Beside the chapter: asyncio's Protocol on any event loop that is one of asyncio's.

Mechanism: that of uvloop_protocol; --loop names the function that makes the loop, as package.factory.
Cost: the loop's own. How much it reads at a time is its affair (--recv-size only bounds what is unsent).
"""

import argparse
import asyncio
import pkgutil
import socket
from collections.abc import Callable

from servers.contract import Complaint, Options, Parser, library, run

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


class Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.high_water = options.recv_size

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        transport.set_write_buffer_limits(high=self.high_water)
        if self.conversation.opening:
            transport.write(self.conversation.opening)
        if self.conversation.hangs_up:
            transport.close()  # after all that is written has been sent

    def data_received(self, data: bytes) -> None:
        reply = self.received(data)
        if reply:
            self.transport.write(reply)

    def eof_received(self) -> None:
        self.transport.write(self.conversation.finished())
        # Returning nothing closes the transport, after all that is written has been sent.

    def pause_writing(self) -> None:
        self.transport.pause_reading()  # the client doesn't take its replies: no more requests from it

    def resume_writing(self) -> None:
        self.transport.resume_reading()


async def listen(listener: socket.socket, options: Options) -> None:
    loop = asyncio.get_running_loop()
    complain = Complaint()  # out of descriptors the loop would print a traceback a thousand times a second
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    server = await loop.create_server(
        lambda: Client(options),
        sock=listener,
        backlog=options.backlog,  # 100: a loop listens again on a socket that already listens
    )
    await server.serve_forever()


def loop_factory(text: str) -> LoopFactory:
    """What `package.factory` names; it is tried once, before anything starts."""
    try:
        with library(text.partition(".")[0]):
            factory: LoopFactory = pkgutil.resolve_name(text)
        loop = factory()
        if not isinstance(loop, asyncio.AbstractEventLoop):
            raise TypeError(f"it makes {loop!r}")
        loop.close()
    except Exception as error:
        raise argparse.ArgumentTypeError(f"{text} is no package.factory of event loops: {error}") from None
    return factory


def add_options(parser: Parser) -> None:
    parser.add_argument("--loop", type=loop_factory, default="uvloop.new_event_loop", metavar="PACKAGE.FACTORY",
                        help="makes the event loop (default: %(default)s)")  # fmt: skip


def serve(listener: socket.socket, options: Options) -> None:
    with asyncio.Runner(loop_factory=options.own.loop) as runner:
        runner.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, add_options)
