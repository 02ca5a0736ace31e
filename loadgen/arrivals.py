"""The open loop's arrivals: when requests are meant to start, whatever the server does meanwhile.

What is due waits in a backlog for a client without a request; what finds the backlog full is dropped.
"""

import numpy as np
from numpy.typing import NDArray

DROPPED = -1
GOLDEN = (5**0.5 - 1) / 2  # multiples of it are spread evenly between whole numbers
ALL = (0.0, 1.0)
FAR_NS = 2**62


class Arrivals:
    """`intended_ns` rises; both hot loops advance `head`, `due` and `waiting` and mark the dropped."""

    def __init__(self, intended_ns: NDArray[np.int64], backlog: int) -> None:
        self.planned_ns = intended_ns
        self.intended_ns = intended_ns.copy()
        self.backlog = backlog
        self.head = 0  # the first that waits, or is yet to come
        self.due = 0  # the first that is yet to come
        self.waiting = 0  # let in and not begun

    @property
    def over(self) -> bool:
        """Whether each was begun or dropped."""
        return not self.waiting and self.due == len(self.intended_ns)

    @property
    def next_ns(self) -> int:
        """When the next one is due."""
        return int(self.intended_ns[self.due]) if self.due < len(self.intended_ns) else FAR_NS

    def let_in(self, now_ns: int, idle: int) -> None:
        """What is due waits from now on; `idle` clients are about to take some of it."""
        while self.next_ns <= now_ns:
            if self.waiting < self.backlog + idle:
                self.waiting += 1
            else:
                self.intended_ns[self.due] = DROPPED
            self.due += 1

    def begin(self) -> int:
        """The intended start of the one that waits longest, which begins now."""
        while (intended_ns := int(self.intended_ns[self.head])) == DROPPED:
            self.head += 1
        self.head += 1
        self.waiting -= 1
        return intended_ns

    def never_begun(self) -> NDArray[np.int64]:
        """The intended starts of those that were dropped, or still wait."""
        left = self.planned_ns[self.head :]
        return np.concatenate([self.planned_ns[: self.head][self.intended_ns[: self.head] == DROPPED], left])


def poisson(rate: float, span_ns: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Starts of independent requests at `rate` a second, from the span's beginning on: their gaps are exponential."""
    requests = rate * (span_ns / 1e9)
    gaps_s = rng.exponential(1 / rate, int(requests + 10 * requests**0.5) + 20)
    starts = (np.cumsum(gaps_s) * 1e9).astype(np.int64)
    return starts[starts < span_ns]


def even(rate: float, span_ns: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Starts at equal distances, the first at random within one of them."""
    count = int(np.ceil(span_ns / 1e9 * rate)) + 1
    starts = ((np.arange(count) + rng.random()) / rate * 1e9).astype(np.int64)
    return starts[starts < span_ns]


def part_of(starts: NDArray[np.int64], part: tuple[float, float]) -> NDArray[np.int64]:
    """Of starts that several workers share, those of the one that has this part of all clients: from, to.

    They are mixed as evenly as can be; together the workers have each start once.
    """
    low, high = part
    places = np.arange(len(starts)) * GOLDEN % 1.0
    return starts[(places >= low) & (places < high)]


PROCESSES = {"poisson": poisson, "even": even}
