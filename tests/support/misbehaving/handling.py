"""Echo servers with handlers, of which one is honest: handling.py WAY [options of the contract].

honest  handles each message, then answers it
half    waits, blocks or computes for half of what it is told
tenth   for a tenth
first   answers, then handles

Blocked and computing, it serves nobody else meanwhile; waiting, it does.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from sound import Sound, run

sys.path.append(str(Path(__file__).parents[3]))

from servers.handlers import KINDS, OFS, Handler

SHARES = {"honest": 1, "half": 2, "tenth": 10, "first": 1}

parser = argparse.ArgumentParser()
parser.add_argument("way", choices=SHARES)
parser.add_argument("--handler", choices=KINDS, default="none")
parser.add_argument("--handler-us", type=int, default=0)
parser.add_argument("--iterations", type=int, default=0)
parser.add_argument("--handler-of", choices=OFS, default="all")
given, _ = parser.parse_known_args()
share = SHARES[given.way]
handler = Handler(given.handler, given.handler_us // share, given.iterations // share, given.handler_of)


class Handles(Sound):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.count = handler.counting()

    def data_received(self, data: bytes) -> None:
        if given.way == "first":
            super().data_received(data)
        times = self.count(data)
        handler.carry_out(times)
        if times and handler.waits:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_later(times * handler.seconds, self.done, data)
        else:
            self.answer(data)

    def done(self, data: bytes) -> None:
        self.transport.resume_reading()
        self.answer(data)

    def answer(self, data: bytes) -> None:
        if given.way != "first":
            super().data_received(data)


run(Handles)
