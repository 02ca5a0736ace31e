"""Echo servers whose price moves with what they heard: slowing.py leak | warm | warming US, or slowing.py list.

leak     US microseconds more for every 1,000 messages ever heard
list     remembers a message in ten, and looks through them at each
warm     US microseconds more for the first 4,000 messages only
warming  the same in the beginning, and half as much for every 4,000 messages more
"""

import sys
import time

from sound import Sound, run

WARMS_UP_IN = 4000
WAY, US = sys.argv[1], float((sys.argv[2:] or [0])[0])


class Slows(Sound):
    heard = 0
    kept: list[bytes] = []  # noqa: RUF012 - shared on purpose

    def data_received(self, data: bytes) -> None:
        Slows.heard += 1
        began = time.perf_counter()
        if WAY == "list":
            if Slows.heard % 10 == 0:
                self.kept.append(b"%d" % Slows.heard)
            assert data not in self.kept
        while time.perf_counter() < began + self.price_us() * 1e-6:
            pass
        super().data_received(data)

    @staticmethod
    def price_us() -> float:
        match WAY:
            case "leak":
                return US * Slows.heard / 1000
            case "warm":
                return US * (Slows.heard < WARMS_UP_IN)
            case "warming":
                return US * 0.5 ** (Slows.heard / WARMS_UP_IN)
            case _:
                return 0.0


run(Slows)
