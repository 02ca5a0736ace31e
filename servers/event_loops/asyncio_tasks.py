"""Beside the chapter: asyncio's Protocol, a task for each read, as servers of requests do it.

Mechanism: that of asyncio-protocol; what comes is handled in a task. --tasks says when it begins: lazy, in the
loop's next round, or eager (Python 3.12), at once, and only what has to wait goes to the loop.
Cost: a coroutine and a task for each read, and if it is lazy a round of the loop, with a look at epoll.
"""

import asyncio
import socket

from servers.contract import Complaint, Options, Parser, cannot_start, run


class Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.recv_size = options.recv_size
        self.start = asyncio.get_running_loop().create_task

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        transport.max_size = self.recv_size  # type: ignore[attr-defined]  # 256 KiB: what a read asks for
        transport.set_write_buffer_limits(high=self.recv_size)
        if self.conversation.opening:
            transport.write(self.conversation.opening)
        if self.conversation.hangs_up:
            transport.close()  # after all that is written has been sent

    def data_received(self, data: bytes) -> None:
        self.start(self.answer(data))  # nothing in it waits, so it need not be kept and no other overtakes it

    async def answer(self, data: bytes) -> None:
        reply = self.received(data)
        if reply:
            self.transport.write(reply)

    def eof_received(self) -> bool:
        self.start(self.finish())
        return True  # or the transport would close before

    async def finish(self) -> None:
        self.transport.write(self.conversation.finished())
        self.transport.close()  # after all that is written has been sent

    def pause_writing(self) -> None:
        self.transport.pause_reading()  # the client doesn't take its replies: no more requests from it

    def resume_writing(self) -> None:
        self.transport.resume_reading()


class Waiting(Client):
    """The same where handlers wait: the task does, and nothing more is heard until it has answered."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.pause_s, self.count = options.handler.seconds, options.handler.counting()

    def data_received(self, data: bytes) -> None:
        self.transport.pause_reading()
        super().data_received(data)

    async def answer(self, data: bytes) -> None:
        if times := self.count(data):
            await asyncio.sleep(times * self.pause_s)
        self.transport.resume_reading()  # before it writes, which may pause reading again
        await super().answer(data)


async def listen(listener: socket.socket, options: Options) -> None:
    loop = asyncio.get_running_loop()
    if options.own.tasks == "eager":
        loop.set_task_factory(getattr(asyncio, "eager_task_factory"))  # noqa: B009  # from 3.12 on
    complain = Complaint()  # out of descriptors the loop would print a traceback a thousand times a second
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    client = Waiting if options.handler.waits else Client
    server = await loop.create_server(
        lambda: client(options),
        sock=listener,
        backlog=options.backlog,  # 100: asyncio listens again on a socket that already listens
    )
    await server.serve_forever()


def tasks(text: str) -> str:
    if text == "eager" and not hasattr(asyncio, "eager_task_factory"):
        cannot_start("--tasks eager needs Python 3.12 or newer; name one as a variant")
    return text


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "--tasks",
        type=tasks,
        choices=["lazy", "eager"],
        default="lazy",
        help="when a task begins: in the loop's next round, or at once (default: %(default)s)",
    )


def serve(listener: socket.socket, options: Options) -> None:
    asyncio.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", unix=True)
