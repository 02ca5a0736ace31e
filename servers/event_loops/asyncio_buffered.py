"""Beside the chapter: asyncio, a BufferedProtocol with a buffer of its own.

Mechanism: that of asyncio's Protocol, but the loop reads into a buffer that the protocol lends it.
Cost: --recv-size bytes for as long as a client stays, and a copy of what came; no allocation for
each read.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, run
from servers.event_loops.delays import delayed


class Client(asyncio.BufferedProtocol):
    transport: asyncio.Transport

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.high_water = options.recv_size
        self.buffer = memoryview(bytearray(options.recv_size))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        transport.set_write_buffer_limits(high=self.high_water)
        if self.conversation.opening:
            transport.write(self.conversation.opening)
        if self.conversation.hangs_up:
            transport.close()  # after all that is written has been sent

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        # A copy: from Python 3.12 the transport queues the very object, and the next read would overwrite it.
        reply = self.received(bytes(self.buffer[:nbytes]))
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


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", unix=True)
