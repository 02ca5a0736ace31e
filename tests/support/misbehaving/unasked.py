"""Echo servers whose fault shows while nobody asks them: unasked.py WAY. Options of the contract are ignored."""

import asyncio
import ctypes
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from sound import Sound, serve

IDLE_S = 0.1  # nobody has asked for so long: more than a window of these tests pauses for, however busy the machine
OWED_S = 0.00005  # CPU time for each message that was answered
TICK_S = 0.001
CLOSES_S = 0.5  # what is idle for so long: less than a neighbour pauses, more than a busy client is late
PAUSE_S = 0.8


class Owes(Sound):
    """Answers at once, and does the work later."""

    owed, ticks = 0, 0
    due: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        Owes.owed, Owes.ticks = Owes.owed + 1, 0


class OwesUntilTheClock(Owes):
    """... when the clock says that nobody has asked for long."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if Owes.due:
            Owes.due.cancel()
        Owes.due = asyncio.get_running_loop().call_later(IDLE_S, pay)


def pay() -> None:
    """Use the CPU time that is owed, all at once."""
    until_s = time.process_time() + OWED_S * Owes.owed
    Owes.owed = 0
    while time.process_time() < until_s:
        pass


def tick() -> None:
    """... when it has been awake for long and nobody asked: time in which it stands still doesn't count."""
    Owes.ticks += 1
    if Owes.ticks >= IDLE_S / TICK_S:
        pay()
    asyncio.get_running_loop().call_later(TICK_S, tick)


class Spins(Sound):
    """Never blocks."""


def again() -> None:
    asyncio.get_running_loop().call_soon(again)


class ClosesIdle(Sound):
    """Closes connections that are idle for long."""

    due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        if self.due:
            self.due.cancel()
        self.due = asyncio.get_running_loop().call_later(CLOSES_S, self.transport.close)
        if data:
            super().data_received(data)


class Pauses(Sound):
    """Stands still by itself for a while, as it is asked for the first time in its second window.

    A window is a thaw with a request after it: several signals that come for one thaw, or are taken for one, are one.
    """

    is_thawed = False
    windows = 0

    @classmethod
    def goes_on(cls, *_: object) -> None:
        cls.is_thawed = True

    def data_received(self, data: bytes) -> None:
        if Pauses.is_thawed:
            Pauses.is_thawed = False
            Pauses.windows += 1
            if Pauses.windows == 2:
                time.sleep(PAUSE_S)
        super().data_received(data)


class Unprepared(selectors.EpollSelector):
    """Waits as one does in C who takes every failure of epoll_wait for the end."""

    _libc = ctypes.CDLL(None, use_errno=True)

    def select(self, timeout: float | None = None) -> Any:
        event = ctypes.create_string_buffer(16)
        wait_ms = -1 if timeout is None else round(timeout * 1000)
        if self._libc.epoll_wait(self.fileno(), event, 1, wait_ms) < 0:
            print(f"epoll_wait: {os.strerror(ctypes.get_errno())}", file=sys.stderr, flush=True)
            os._exit(1)
        return super().select(0)


async def serve_with(protocol: type[Sound], begin: Callable[[], object] | None = None) -> None:
    if begin:
        asyncio.get_running_loop().call_soon(begin)
    await serve(protocol)


# how it serves, and how it begins
WAYS: dict[str, tuple[type[Sound], Callable[[], object] | None]] = {
    "clock": (OwesUntilTheClock, None),
    "ticks": (Owes, tick),
    "spins": (Spins, again),
    "closes": (ClosesIdle, None),
    "eintr": (Sound, None),
    "pauses": (Pauses, lambda: signal.signal(signal.SIGCONT, Pauses.goes_on)),
}


if __name__ == "__main__":
    loop = asyncio.SelectorEventLoop(Unprepared() if sys.argv[1] == "eintr" else None)
    loop.run_until_complete(serve_with(*WAYS[sys.argv[1]]))
