"""Servers with one flaw each, to prove that the conformance suite catches it: nonconforming.py FLAW."""

import asyncio
import os
import sys

from sound import Hangs, Sound, serve

__all__ = ["Hangs", "Sound"]  # of the flaws that are named


class CrossesReplies(Sound):
    """Answers whoever spoke last before."""

    speaker: "CrossesReplies | None" = None

    def data_received(self, data: bytes) -> None:
        (CrossesReplies.speaker or self).transport.write(data)
        CrossesReplies.speaker = self

    def connection_lost(self, exc: Exception | None) -> None:
        CrossesReplies.speaker = None


class DropsAByte(Sound):
    """Loses one byte in a million."""

    seen = 0

    def data_received(self, data: bytes) -> None:
        before, self.seen = self.seen // 10**6, self.seen + len(data)
        self.transport.write(data if self.seen // 10**6 == before else data[1:])


class BuffersWithoutBound(Sound):
    """Reads on while its replies are not taken."""

    def pause_writing(self) -> None:
        pass


class DiesOnReset(Sound):
    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            os._exit(1)


class ForgetsAtHalfClose(Sound):
    """Answers a moment later, and not at all once the client has half-closed."""

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(0.001, self.transport.write, data)

    def eof_received(self) -> None:
        self.transport.abort()


class NeverCloses(Sound):
    def eof_received(self) -> bool:
        return True


class Stutters(Sound):
    """Sends the first bytes of a connection twice."""

    data_received_once = False

    def data_received(self, data: bytes) -> None:
        self.transport.write(data if self.data_received_once else data + data)
        self.data_received_once = True


class SilencesOthers(Sound):
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


class GreetsWrongly(Sound):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(b"Thank you for connecting\n")
        transport.close()


class GreetsAndStays(Sound):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(b"Thank you for connecting\r\n")


class Miscounts(Sound):
    """Counts lines without their ends."""

    swallowed = 0

    def data_received(self, data: bytes) -> None:
        self.swallowed += len(data.replace(b"\r\n", b""))

    def eof_received(self) -> None:
        self.transport.write(b"%d\r\n" % self.swallowed)


if __name__ == "__main__":
    asyncio.run(serve(globals()[sys.argv[1]]))
