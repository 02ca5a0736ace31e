"""Beside the chapter: asyncio, a Protocol without streams.

Mechanism: an event loop (epoll on Linux) calls data_received; write sends at once what the kernel takes.
Cost: a handle, a few calls and an allocation of --recv-size bytes per read. By itself the transport would
allocate 256 KiB for each; asyncio-default is the same server without that setting.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, run
from servers.event_loops.datagrams import receive
from servers.event_loops.delays import delayed


class Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.recv_size = options.recv_size

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
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
    complain = Complaint()  # out of descriptors the loop would print a traceback a thousand times a second
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    client = delayed(Client, options)
    server = await loop.create_server(
        lambda: client(options),
        sock=listener,
        backlog=options.backlog,  # 100: asyncio listens again on a socket that already listens
    )
    await server.serve_forever()


def serve(listener: socket.socket, options: Options) -> None:
    asyncio.run(listen(listener, options))


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    asyncio.run(receive(sock, options))


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", datagrams=serve_datagrams, unix=True)
