"""Beside the chapter: Tornado, its TCPServer and a coroutine per connection.

Mechanism: asyncio's loop (epoll on Linux) tells Tornado's own streams which sockets are ready; a stream reads
or writes at once where it can.
Cost: a buffer on top of the socket and a future for each read and each write; asyncio's transports take no
part. A stream is closed whole when its client half-closes: services that answer then can't be offered.
"""

import asyncio
import socket
from typing import Any

from servers.contract import EXHAUSTED, Complaint, Door, Options, library, run
from servers.datagrams import answering

with library("tornado"):
    from tornado.ioloop import IOLoop
    from tornado.iostream import IOStream, StreamClosedError
    from tornado.tcpserver import TCPServer


class Clients(TCPServer):
    def __init__(self, options: Options) -> None:
        super().__init__(read_chunk_size=options.recv_size)  # 64 KiB: what a read asks for
        self.options = options

    async def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """One client from the first byte to the last."""
        conversation = self.options.service()
        try:
            if conversation.opening:
                await stream.write(conversation.opening)
            if not conversation.hangs_up:
                received, read, write, size = (
                    conversation.received,
                    self.options.handler.after(stream.read_bytes, asyncio.sleep),
                    stream.write,
                    self.options.recv_size,
                )
                while True:
                    if reply := received(await read(size, partial=True)):
                        await write(reply)  # waits, and so reads nothing, while the client doesn't take its replies
        except StreamClosedError:
            pass  # the client is gone, or has half-closed
        finally:
            stream.close()


async def listen(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    door, complain = Door(listener), Complaint()

    def turn_away(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Out of descriptors Tornado would call accept for ever, and print a traceback each time."""
        error = context.get("exception", context["message"])
        complain(error)
        if getattr(error, "errno", None) in EXHAUSTED and (client := door.accept()):
            client.close()

    asyncio.get_running_loop().set_exception_handler(turn_away)
    Clients(options).add_sockets([listener])  # adopting the contract's listener pins the backlog (128)
    await asyncio.Event().wait()


async def receive(sock: socket.socket, options: Options) -> None:
    """Tornado has no datagrams of its own, but tells what may be read."""
    answer = answering(sock, options)
    IOLoop.current().add_handler(sock, lambda *_: answer(), IOLoop.READ)
    await asyncio.Event().wait()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    sock.setblocking(False)
    asyncio.run(receive(sock, options))


def serve(listener: socket.socket, options: Options) -> None:
    asyncio.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", datagrams=serve_datagrams, unix=True)
