"""Beside the chapter: asyncio's Protocol on uvloop, or on any loop that --loop names.

Mechanism: libuv (epoll on Linux) and compiled transports take the place of asyncio's own.
Cost: still a Python call for each read. uvloop reads into a buffer of 256,000 bytes of its own, which no
public setting changes (--recv-size only bounds what is unsent), and copies what came.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, Parser, run
from servers.event_loops.datagrams import receive
from servers.event_loops.delays import delayed
from servers.event_loops.factories import add_loop
from servers.listening import Transport

LACKS: dict[Transport, str] = {"unix-datagram": "libuv has datagrams of IP alone"}


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
    client = delayed(Client, options)
    create_server = loop.create_unix_server if options.path else loop.create_server  # uvloop's are two things
    server = await create_server(
        lambda: client(options),
        sock=listener,
        backlog=options.backlog,  # 100: uvloop listens again on a socket that already listens
    )
    await server.serve_forever()


def add_options(parser: Parser) -> None:
    add_loop(parser, default="uvloop.new_event_loop")


def serve(listener: socket.socket, options: Options) -> None:
    with asyncio.Runner(loop_factory=options.own.loop) as runner:
        runner.run(listen(listener, options))


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    with asyncio.Runner(loop_factory=options.own.loop) as runner:
        runner.run(receive(sock, options))


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", datagrams=serve_datagrams, unix=True, lacks=LACKS)
