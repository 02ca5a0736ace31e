"""Echo servers that break the contract, each in its way: misbehave.py WAY [--sound-starts N].

With --sound-starts it behaves for its first N starts, counted in a file of the folder it is started in: so it
gets past the conformance check and breaks down in the run. Options of the contract are taken and ignored.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable

from sound import Hangs, Sound, serve, starts_so_far

ENDURES = 20  # messages of all clients together: past the first answers, within any window
ANSWERS_AT_FIRST = 3  # one for each client of a tiny run, when they connect
CHATTER = b"what a day for a server\n" * 2**16  # 1.5 MiB


class Counts(Sound):
    heard = 0  # by all connections

    def data_received(self, data: bytes) -> None:
        Counts.heard += 1
        super().data_received(data)


class Tires(Counts):
    def data_received(self, data: bytes) -> None:
        if Counts.heard < ANSWERS_AT_FIRST:
            super().data_received(data)


class DiesMidRun(Counts):
    def data_received(self, data: bytes) -> None:
        if Counts.heard == ENDURES:
            print("a pity\nout of spirits; requests failed", file=sys.stderr, flush=True)
            os._exit(7)
        super().data_received(data)


class Lies(Counts):
    """Now and then other bytes than were sent, as many."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data if (Counts.heard + 1) % ENDURES else data[::-1])


class HalfAnswers(Counts):
    """Now and then half a reply, and nothing more on that connection."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data if Counts.heard % ENDURES else data[: len(data) // 2])


class OverAnswers(Counts):
    """Now and then a reply twice."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data if Counts.heard % ENDURES else data + data)


class HandsOver(Counts):
    """Goes on serving, and starts a process outside of its session."""

    def data_received(self, data: bytes) -> None:
        if Counts.heard == ENDURES and not os.fork():
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                signal.pause()
        super().data_received(data)


class Slow(Sound):
    """Takes its time for each message, and the CPU rests meanwhile."""

    def data_received(self, data: bytes) -> None:
        time.sleep(0.005)
        super().data_received(data)


class Stalls(Sound):
    """Stands still for most of the time, so that few notice."""

    goes_on = 0.0

    def data_received(self, data: bytes) -> None:
        if time.monotonic() > Stalls.goes_on + 0.02:
            time.sleep(0.2)
            Stalls.goes_on = time.monotonic()
        super().data_received(data)


class Chatters(Counts):
    """Goes on serving, but cannot keep quiet."""

    def data_received(self, data: bytes) -> None:
        if Counts.heard % ENDURES == 0 and Counts.heard < 5 * ENDURES:
            chatter()
        super().data_received(data)


def chatter() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.buffer.write(CHATTER)
        stream.flush()


def leave_an_orphan() -> None:
    """A grandchild of the same session, whose parent is gone at once."""
    if not (child := os.fork()):
        if not os.fork():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                signal.pause()
        os._exit(0)
    os.waitpid(child, 0)


def never_ready() -> None:
    signal.pause()


def die_early() -> None:
    print("no such luck", file=sys.stderr)
    sys.exit(5)


def miss_a_library() -> None:
    print("needs moonlight (No module named 'moonlight'); install it", file=sys.stderr)
    sys.exit(3)


def shrug_off_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def say_something_else() -> None:
    print("hello there", flush=True)


# how it begins, and how it serves
WAYS: dict[str, tuple[Callable[[], None], type[Sound]]] = {
    "sound": (lambda: None, Sound),
    "never-ready": (never_ready, Sound),
    "dies-early": (die_early, Sound),
    "no-library": (miss_a_library, Sound),
    "babbles": (say_something_else, Sound),
    "hangs": (lambda: None, Hangs),
    "tires": (lambda: None, Tires),
    "dies": (lambda: None, DiesMidRun),
    "lies": (lambda: None, Lies),
    "half-answers": (lambda: None, HalfAnswers),
    "over-answers": (lambda: None, OverAnswers),
    "hands-over": (lambda: None, HandsOver),
    "slow": (lambda: None, Slow),
    "stalls": (lambda: None, Stalls),
    "chatters": (lambda: None, Chatters),
    "stays": (shrug_off_sigterm, Sound),
    "orphans": (leave_an_orphan, Sound),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--sound-starts", type=int, default=0)
    given, _ = parser.parse_known_args()
    sound = starts_so_far(f"{given.way}-{given.sound_starts}") <= given.sound_starts
    begin, protocol = WAYS["sound" if sound else given.way]
    begin()
    asyncio.run(serve(protocol))


if __name__ == "__main__":
    main()
