"""Beside the chapter: asyncio's Protocol on another selector than the system's best.

Mechanism: that of asyncio-protocol; --selector says what its loop waits with.
Cost: with epoll that of asyncio-protocol. select and poll hand the kernel all descriptors at each wait, and
select serves none from 1024 (FD_SETSIZE) on: it refuses them.
"""

import asyncio
import selectors
import socket

from servers.contract import FD_SETSIZE, Complaint, Options, Parser, run
from servers.event_loops.datagrams import receive
from servers.event_loops.delays import delayed

SELECTORS = {"select": "SelectSelector", "poll": "PollSelector", "epoll": "EpollSelector"}

complain = Complaint()


class Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.recv_size = options.recv_size
        self.watchable = FD_SETSIZE if options.own.selector == "select" else float("inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        if (fd := transport.get_extra_info("socket").fileno()) >= self.watchable:
            complain(f"connection refused: descriptor {fd} is past FD_SETSIZE ({FD_SETSIZE})")
            transport.abort()  # else the loop's next wait would raise, and end the server
            return
        transport.max_size = self.recv_size  # type: ignore[attr-defined]  # 256 KiB: what a read asks for
        transport.set_write_buffer_limits(high=self.recv_size)
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
    # Out of descriptors the loop would print a traceback a thousand times a second.
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    client = delayed(Client, options)
    server = await loop.create_server(
        lambda: client(options),
        sock=listener,
        backlog=options.backlog,  # 100: asyncio listens again on a socket that already listens
    )
    await server.serve_forever()


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--selector", choices=SELECTORS, default="epoll", help="what the loop waits with (default: %(default)s)"
    )


def serve(listener: socket.socket, options: Options) -> None:
    with runner(options) as own:
        own.run(listen(listener, options))


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    with runner(options) as own:
        own.run(receive(sock, options))


def runner(options: Options) -> asyncio.Runner:
    selector = getattr(selectors, SELECTORS[options.own.selector])
    return asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector()))


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", datagrams=serve_datagrams, unix=True)
