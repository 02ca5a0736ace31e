"""Servers with one flaw each, to prove that the conformance suite catches it: nonconforming.py FLAW."""

import asyncio
import os
import sys


class Server(asyncio.Protocol):
    """An echo server without a flaw, for comparison."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def pause_writing(self) -> None:
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.transport.resume_reading()


class CrossesReplies(Server):
    """Answers whoever spoke last before."""

    speaker: "CrossesReplies | None" = None

    def data_received(self, data: bytes) -> None:
        (CrossesReplies.speaker or self).transport.write(data)
        CrossesReplies.speaker = self

    def connection_lost(self, exc: Exception | None) -> None:
        CrossesReplies.speaker = None


class DropsAByte(Server):
    """Loses one byte in a million."""

    seen = 0

    def data_received(self, data: bytes) -> None:
        before, self.seen = self.seen // 10**6, self.seen + len(data)
        self.transport.write(data if self.seen // 10**6 == before else data[1:])


class BuffersWithoutBound(Server):
    """Reads on while its replies are not taken."""

    def pause_writing(self) -> None:
        pass


class DiesOnReset(Server):
    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            os._exit(1)


class ForgetsAtHalfClose(Server):
    """Answers a moment later, and not at all once the client has half-closed."""

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(0.001, self.transport.write, data)

    def eof_received(self) -> None:
        self.transport.abort()


class NeverCloses(Server):
    def eof_received(self) -> bool:
        return True


class Hangs(Server):
    def data_received(self, data: bytes) -> None:
        pass


class Stutters(Server):
    """Sends the first bytes of a connection twice."""

    data_received_once = False

    def data_received(self, data: bytes) -> None:
        self.transport.write(data if self.data_received_once else data + data)
        self.data_received_once = True


class SilencesOthers(Server):
    """Serves one client at a time and doesn't say so."""

    waiting: "list[SilencesOthers]" = []  # noqa: RUF012 - shared on purpose

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.waiting:
            # Not at once: asyncio of Python 3.11.2 starts to read after connection_made, pause or no pause.
            asyncio.get_running_loop().call_soon(transport.pause_reading)
        self.waiting.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        first = self.waiting[0] is self
        self.waiting.remove(self)
        if first and self.waiting:
            self.waiting[0].transport.resume_reading()


class GreetsWrongly(Server):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(b"Thank you for connecting\n")
        transport.close()


class GreetsAndStays(Server):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(b"Thank you for connecting\r\n")


class Miscounts(Server):
    """Counts lines without their ends."""

    swallowed = 0

    def data_received(self, data: bytes) -> None:
        self.swallowed += len(data.replace(b"\r\n", b""))

    def eof_received(self) -> None:
        self.transport.write(b"%d\r\n" % self.swallowed)


async def main(flaw: type[Server]) -> None:
    server = await asyncio.get_running_loop().create_server(flaw, "127.0.0.1", 0, backlog=1024)
    print(f"READY 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(globals()[sys.argv[1]]))
