"""Echo servers whose price moves with what they heard: slowing.py leak | warm | warming | list.

leak     waits 0.1 ms, and twice as long for every 120 messages ever heard
warm     waits 2 ms for each of the first 100 messages, and for none of the others
warming  waits 4 ms in the beginning, and half as long for every 25 messages more
list     remembers each message, and waits 0.1 us for every two of them that it holds against each other

A wait is as long on a slow machine, and takes as much longer than the rest on a busy one. At its first start, which
the conformance check has, it waits for nothing.
"""

import sys
import time

from sound import Sound, run, starts_so_far

WAY = sys.argv[1]
PRICES_S = {
    "leak": lambda heard: 1e-4 * 2 ** (heard / 120),
    "warm": lambda heard: 2e-3 * (heard < 100),
    "warming": lambda heard: 4e-3 * 0.5 ** (heard / 25),
    "list": lambda heard: 1e-7 * heard**2,
}


class Slows(Sound):
    heard = 0

    def data_received(self, data: bytes) -> None:
        Slows.heard += 1
        price_s = PRICES_S[WAY](Slows.heard)
        if price_s > 1e-5:  # less is no wait, but the price of a sleep
            time.sleep(price_s)
        super().data_received(data)


run(Sound if starts_so_far(f"slowing-{WAY}") == 1 else Slows)
