"""An echo server that thinks for a while about each message, and about all at the same time: waiting.py S."""

import asyncio
import sys

from sound import Sound, run

WAITS_S = float(sys.argv[1])


class Waits(Sound):
    due = 0  # messages to be answered yet
    ended = False  # the client has half-closed

    def data_received(self, data: bytes) -> None:
        self.due += 1
        asyncio.get_running_loop().call_later(WAITS_S, self.answer, data)

    def answer(self, data: bytes) -> None:
        self.due -= 1
        self.transport.write(data)
        self.leave()

    def eof_received(self) -> bool:
        self.ended = True
        self.leave()
        return True  # the transport stays open

    def leave(self) -> None:
        if self.ended and not self.due:
            self.transport.close()


run(Waits)
