"""Echo servers that work when nobody asks: busy.py loop | thread | later US.

later puts US microseconds of work a message off until nobody has asked for 20 ms.
"""

import asyncio
import sys
import threading
import time

from sound import Begin, Sound, run

SILENCE_S = 0.02


class Later(Sound):
    owed_s = 0.0
    waiting: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        Later.owed_s += float(sys.argv[2]) * 1e-6
        if Later.waiting:
            Later.waiting.cancel()
        Later.waiting = asyncio.get_running_loop().call_later(SILENCE_S, self.catch_up)

    @staticmethod
    def catch_up() -> None:
        until = time.process_time() + Later.owed_s
        while time.process_time() < until:
            pass
        Later.owed_s, Later.waiting = 0.0, None


def again(loop: asyncio.AbstractEventLoop) -> None:
    """There is always something ready, so the selector polls with a timeout of 0."""
    loop.call_soon(again, loop)


def beside(loop: asyncio.AbstractEventLoop) -> None:
    def spin() -> None:
        while True:
            pass

    threading.Thread(target=spin, daemon=True).start()


WAYS: dict[str, tuple[type[Sound], Begin | None]] = {
    "loop": (Sound, again),
    "thread": (Sound, beside),
    "later": (Later, None),
}

if __name__ == "__main__":
    run(*WAYS[sys.argv[1]])
