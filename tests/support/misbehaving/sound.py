"""An echo server with nothing wrong, for others to be made wrong from: they are run as files beside this one."""

import asyncio


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


async def serve(protocol: type[Sound]) -> None:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, backlog=1024)
    print(f"READY 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()
