"""Beside the chapter: asyncio's Protocol with its transport as users get it.

Mechanism: that of asyncio-protocol; only the sizes that the transport reads and buffers are left alone.
Cost: an allocation of 256 KiB for each read, whatever --recv-size says. It lies beyond the allocator's
threshold for mmap and may cost two page faults a request, until a larger buffer has been freed.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, run
from servers.event_loops.delays import delayed


class Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
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


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", unix=True)
