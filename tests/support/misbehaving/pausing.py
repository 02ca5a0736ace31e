"""Echo servers that stand still now and then, as for a garbage collector: pausing.py random | even PAUSE_S EVERY_S."""

import asyncio
import random
import sys
import time

from sound import run

PAUSE_S, EVERY_S = map(float, sys.argv[2:])


def wait(loop: asyncio.AbstractEventLoop) -> None:
    even = sys.argv[1] == "even"
    loop.call_later(EVERY_S if even else random.expovariate(1 / EVERY_S), pause, loop)


def pause(loop: asyncio.AbstractEventLoop) -> None:
    time.sleep(PAUSE_S)
    wait(loop)


run(begin=wait)
