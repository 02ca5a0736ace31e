"""How far a worker's clock is ahead of its master's: from trips of a message there and back.

perf_counter counts from another instant on each host. A message leaves at `sent`, the worker reads its clock, and the
answer is here at `received`: whatever the two ways took, the worker's instant lies between. The shortest trip tells it
best: its middle is taken, and half of the trip is how wrong that may be.
"""

from collections.abc import Sequence
from typing import NamedTuple

LATE_NS = 1_000_000  # longer than a message takes to be written and read, on the way not counted
DRIFT = 200e-6  # by which two clocks may part and nothing has happened: crystals differ, and time servers slew them


class Trip(NamedTuple):
    """Instants in ns; `theirs` on the worker's clock, the others on ours."""

    sent_ns: int
    theirs_ns: int
    received_ns: int

    @property
    def took_ns(self) -> int:
        return self.received_ns - self.sent_ns


class Offset(NamedTuple):
    """By how much a clock is ahead of ours, how wrong that may be, and when it was found on our clock; in ns."""

    ahead_ns: int = 0
    uncertainty_ns: int = 0
    at_ns: int = 0

    def ours(self, theirs_ns: int) -> int:
        """An instant of that clock on ours."""
        return theirs_ns - self.ahead_ns

    def theirs(self, ours_ns: int) -> int:
        """An instant of our clock on that one."""
        return ours_ns + self.ahead_ns


OURS = Offset()


def offset(trips: Sequence[Trip]) -> Offset:
    """What trips one after the other tell together."""
    best = min(trips, key=lambda trip: trip.took_ns)
    middle_ns = (best.sent_ns + best.received_ns) // 2
    return Offset(best.theirs_ns - middle_ns, (best.took_ns + 1) // 2, best.received_ns)


def jump_ns(before: Offset, after: Offset) -> int:
    """By how much a clock was set, or stood still, between two comparisons.

    In ns; 0 where drift and uncertainty explain it.
    """
    moved_ns = after.ahead_ns - before.ahead_ns
    explained_ns = before.uncertainty_ns + after.uncertainty_ns + DRIFT * (after.at_ns - before.at_ns)
    return moved_ns if abs(moved_ns) > explained_ns else 0


def better(before: Offset, after: Offset) -> Offset:
    """Of two comparisons of a clock that hasn't jumped the one that is less wrong now: the later may be of a busy hour.

    An older one is wrong by what the clocks may have parted since, too.
    """
    parted_ns = DRIFT * (after.at_ns - before.at_ns)
    return before if before.uncertainty_ns + parted_ns < after.uncertainty_ns else after


def astray_ns(known: Offset, trip: Trip) -> int:
    """How far outside of a trip the instant lies that was read in it, by what is known of that clock; 0: inside."""
    theirs_ns = known.ours(trip.theirs_ns)
    spare_ns = known.uncertainty_ns + int(DRIFT * (trip.received_ns - known.at_ns))
    return min(theirs_ns - trip.sent_ns + spare_ns, 0) or max(theirs_ns - trip.received_ns - spare_ns, 0)


def is_late(known: Offset, trip: Trip) -> bool:
    """Whether an answer came later than messages take, by what is known of that clock: it may have stood still."""
    return trip.received_ns - known.ours(trip.theirs_ns) > LATE_NS + 4 * known.uncertainty_ns
