"""An echo server with nothing wrong, for others to be made wrong from: they are run as files beside this one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

Begin = Callable[[asyncio.AbstractEventLoop], object]  # what is done once it listens


class Sound(asyncio.Protocol):
    """Nothing wrong with it."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()


class Hangs(Sound):
    """Answers nothing."""

    def data_received(self, data: bytes) -> None:
        pass


async def serve(protocol: type[Sound] = Sound, begin: Begin | None = None, **listen: Any) -> None:
    """Serve until it is killed; `listen` is laid over what asyncio's create_server is told."""
    loop = asyncio.get_running_loop()
    where = {} if "sock" in listen else {"host": "127.0.0.1", "port": 0}
    server = await loop.create_server(protocol, **{"backlog": 1024, **where, **listen})
    print(f"READY 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    if begin:
        begin(loop)
    await server.serve_forever()


def run(protocol: type[Sound] = Sound, begin: Begin | None = None, **listen: Any) -> None:
    """The whole life of such a server, from its process's beginning."""
    asyncio.run(serve(protocol, begin, **listen))


def starts_so_far(name: str) -> int:
    """Counts this start, in a file of the folder that it is started in."""
    with Path(f"starts-{name}").open("a+") as book:
        book.write(".")
        return book.tell()
