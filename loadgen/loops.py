"""What the two hot loops are to whoever uses them, and what both do to each reply on purpose."""

from collections.abc import Callable
from time import perf_counter_ns as clock
from typing import Protocol

LONGEST_STRETCH_NS = 300_000_000  # Locust's hub is never held for longer


class HotLoop(Protocol):
    """Moves the bytes of one flood's sound exchanges, and leaves the rest to it."""

    follows_ends: bool  # it closes connections and makes new ones; else no client is quick where connections end

    def run(self, until_ns: int, breathe: Callable[[], None]) -> None:
        """Handle events until then, or until the flood is at rest; the hub breathes now and then."""


def spin(until_ns: int) -> None:
    """Be busy until then."""
    while clock() < until_ns:
        pass
