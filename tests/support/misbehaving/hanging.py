"""Echo servers that forget clients of the load generator which they served before: hanging.py silent | half | last.

Every tenth client (--every, counted from the last of each ten) is answered 20 times (--endures), and then hears
nothing more, or half a reply and nothing more, however often it comes again. last forgets all but the last of those
that ask at the same time, from so many messages of each on. Who isn't the load generator is served. Without --every
the environment says it (EVERY), so that two variants may differ in it.
"""

import argparse
import asyncio
import os
from collections import Counter

from sound import Sound, run

parser = argparse.ArgumentParser()
parser.add_argument("way", choices=("silent", "half", "last"))
parser.add_argument("--every", type=int, default=os.environ.get("EVERY", 10))
parser.add_argument("--endures", type=int, default=20)  # messages of one client
TOLD = parser.parse_args()


class Hangs(Sound):
    heard: Counter[bytes] = Counter()  # noqa: RUF012 - of each client, by its name

    def data_received(self, data: bytes) -> None:
        name = data[:8]  # a message begins with it
        self.heard[name] += 1
        is_chosen = name.isdigit() and int(name) % TOLD.every == TOLD.every - 1
        if not is_chosen or self.heard[name] <= TOLD.endures:
            super().data_received(data)
        elif TOLD.way == "half" and self.heard[name] == TOLD.endures + 1:
            super().data_received(data[: len(data) // 2])


class AnswersTheLast(Hangs):
    batch: "list[tuple[AnswersTheLast, bytes]]" = []  # noqa: RUF012 - shared on purpose

    def data_received(self, data: bytes) -> None:
        name = data[:8]
        self.heard[name] += 1
        if not name.isdigit() or self.heard[name] <= TOLD.endures:
            self.transport.write(data)
            return
        if not self.batch:
            asyncio.get_running_loop().call_soon(self.answer)
        self.batch.append((self, data))

    @classmethod
    def answer(cls) -> None:
        last, data = cls.batch[-1]
        cls.batch.clear()
        last.transport.write(data)


run(AnswersTheLast if TOLD.way == "last" else Hangs)
