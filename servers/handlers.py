"""What a server does about a message before it answers: nothing, or it waits, blocks its thread, or computes.

    python -m servers.handlers --calibrate

says, as a line of JSON, how many iterations of the computation take a millisecond of CPU time here.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar, get_args

from servers.services import Conversation
from servers.services.echo import Echo

Kind = Literal["none", "waits", "blocks", "computes"]
Of = Literal["all", "one"]
KINDS, OFS = get_args(Kind), get_args(Of)

PR_SET_TIMERSLACK = 29  # linux/prctl.h
THE_ONE = b"00000000"  # a message begins with the name of its client
LONGEST_US = 60_000_000
MOST_ITERATIONS = 10**9
TRY_S = 0.001  # that a computation takes, roughly, whose iterations are counted

Count = Callable[[bytes], int]
Read = Callable[..., Awaitable[bytes]]
Done = TypeVar("Done")  # what a strategy's own call returns, such as something to await


@dataclass(frozen=True)
class Handler:
    """What is done about each message, once it is whole and before its reply is sent."""

    kind: Kind = "none"
    us: int = 0  # how long it waits or blocks
    iterations: int = 0  # that it computes
    of: Of = "all"  # whose messages it is for; those of others are answered at once

    def fault(self, service: str) -> str:
        """Why there is no such handler in a server of that service; empty if there is."""
        option = f"--handler {self.kind}"
        if self.kind == "none":
            given = {"--handler-us": self.us, "--iterations": self.iterations, "--handler-of": self.of != "all"}
            extra = [name for name, value in given.items() if value]
            return f"{option}: {extra[0]} is of a handler; say which, such as --handler blocks" if extra else ""
        if service != "echo":
            return f"{option}: the service {service} has no handlers; leave it out, or say --service echo"
        if self.kind == "computes":
            return "" if self.iterations else f"{option}: how much? say --iterations, such as 10000"
        return "" if self.us else f"{option}: for how long? say --handler-us, such as 1000 for a millisecond"

    @property
    def waits(self) -> bool:
        return self.kind == "waits"

    @property
    def seconds(self) -> float:
        return self.us / 1e6

    def keep_time(self) -> None:
        """Let waits of this thread, and of all that it starts, end when they should: by itself the kernel adds 50 µs.

        What a handler stands for, such as a driver that waits for a database, ends with an event, which has no slack.
        """
        if self.us:
            import ctypes  # which takes memory, and is for those with a handler

            ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1)  # ns

    def counting(self) -> Count:
        """Of one client, told all that came from it, piece by piece: how many messages to be handled end in a piece."""
        return _OfOne() if self.of == "one" else _ends

    def carry_out(self, times: int) -> int:
        """Block the thread that calls it, or compute, so many times; what was computed."""
        found = 0
        for _ in range(times):
            if self.kind == "computes":
                found ^= compute(self.iterations)
            elif self.kind == "blocks":
                time.sleep(self.seconds)
        return found

    def after(self, read: Read, sleep: Callable[[float], Awaitable[object]]) -> Read:
        """One client's `read` as it is; where the handler waits, one that returns when the wait is over."""
        if not self.waits:
            return read
        count = self.counting()

        async def read_and_wait(*asked: object, **how: object) -> bytes:
            data = await read(*asked, **how)
            if times := count(data):
                await sleep(times * self.seconds)
            return data

        return read_and_wait

    def offloaded(
        self, hand_over: Callable[[Callable[[int], int], int], Done], sleep: Callable[[float], Done]
    ) -> Callable[[int], Done]:
        """What carries it out so many times: the strategy waits by itself, and hands over all else, be it nothing."""
        if self.waits:
            return lambda times: sleep(times * self.seconds)
        return partial(hand_over, self.carry_out)


def handled(handler: Handler, carry_out: Callable[[int], object]) -> type[Conversation]:
    """An echo that carries out the handler of each message while it is told of it."""

    class Handled(Echo):
        __slots__ = ("_count",)

        def __init__(self) -> None:
            self._count = handler.counting()

        def received(self, data: bytes) -> bytes:
            if times := self._count(data):
                carry_out(times)
            return data

    return Handled


def compute(iterations: int) -> int:
    """Bytecode alone, the same for every server: each step needs the one before, and the last is returned."""
    x = 1
    for _ in range(iterations):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def _ends(data: bytes) -> int:
    return data.count(b"\n")


class _OfOne:
    """Counts those alone whose client is THE_ONE; what a message begins with may have come in pieces."""

    def __init__(self) -> None:
        self._head = b""

    def __call__(self, data: bytes) -> int:
        found, size = 0, len(THE_ONE)
        *ended, begun = data.split(b"\n")
        for piece in ended:
            found += (self._head + piece[:size])[:size] == THE_ONE
            self._head = b""
        self._head = (self._head + begun[:size])[:size]
        return found


def calibrate(tries: int = 41) -> dict[str, object]:
    """Iterations a millisecond of this thread's CPU time: the median of short tries, and the middle half of them."""
    iterations = 1000
    while (took_s := _cpu_s(iterations)) < TRY_S:  # until the interpreter is warm, too
        iterations *= 2
    iterations = max(1, round(iterations * TRY_S / took_s))
    found = sorted(iterations / (_cpu_s(iterations) * 1e3) for _ in range(tries))
    low, median, high = (round(found[len(found) * part // 4], 1) for part in (1, 2, 3))
    return {"iterations_per_ms": median, "spread": [low, high]}


def _cpu_s(iterations: int) -> float:
    before = time.thread_time_ns()
    compute(iterations)
    return max(time.thread_time_ns() - before, 1) / 1e9


def _main() -> None:
    import argparse
    import json

    parser = argparse.ArgumentParser(prog="python -m servers.handlers", description=__doc__)
    parser.add_argument("--calibrate", action="store_true", required=True, help="say it, and end")
    parser.parse_args()
    print(json.dumps(calibrate()), flush=True)


if __name__ == "__main__":
    _main()
