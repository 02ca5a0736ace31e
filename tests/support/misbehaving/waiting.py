"""An echo server that thinks for a while about each message, and about all at the same time: waiting.py S."""

import asyncio
import sys

from sound import Sound, run

WAITS_S = float(sys.argv[1])
OWED = 2**21  # bytes of a client, at most about: it isn't heard while it is owed more


class Waits(Sound):
    owed = 0  # bytes that came and are to be answered yet
    is_full = False  # the client takes no replies
    ended = False  # it has half-closed

    def data_received(self, data: bytes) -> None:
        self.owed += len(data)
        asyncio.get_running_loop().call_later(WAITS_S, self.answer, data)
        self.hear()

    def answer(self, data: bytes) -> None:
        self.owed -= len(data)
        self.transport.write(data)
        self.hear()

    def eof_received(self) -> bool:
        self.ended = True
        self.hear()
        return True  # the transport stays open

    def pause_writing(self) -> None:
        self.is_full = True
        self.hear()

    def resume_writing(self) -> None:
        self.is_full = False
        self.hear()

    def hear(self) -> None:
        if self.ended and not self.owed:
            self.transport.close()
        elif self.is_full or self.owed > OWED:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()


run(Waits)
