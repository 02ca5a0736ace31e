"""What workers of other hosts say of a window that is none: who began after the head, and whose clock was set."""

import pytest

from loadgen.hosts.clocks import Offset, Trip
from loadgen.parts import Part, WindowLost, raise_if_astray, raise_if_late

S = 1_000_000_000
AHEAD = Offset(ahead_ns=1000 * S, uncertainty_ns=S // 1000, at_ns=0)


def part(started_s: float, told_s: float, is_elsewhere: bool = True) -> Part:
    """Asked at 1 s and heard at 2 s of our clock; what it says is by its own, which is ahead."""
    answer = {"started_ns": AHEAD.theirs(int(started_s * S))}
    trip = Trip(S, AHEAD.theirs(int(told_s * S)), 2 * S)
    return Part(answer, "two", is_elsewhere, AHEAD, trip)


def test_who_begins_within_the_head_is_in_time() -> None:
    raise_if_late([part(1.005, 1.9)], S, head_s=0.02)


def test_who_begins_after_the_head_costs_the_window() -> None:
    with pytest.raises(WindowLost, match="two began 30 ms late, after the head of 20 ms"):
        raise_if_late([part(1.005, 1.9), part(1.03, 1.9)], S, head_s=0.02)
    raise_if_late([part(1.03, 1.9, is_elsewhere=False)], S, head_s=0.02)  # as ever at home


@pytest.mark.parametrize("told_s", [1.1, 1.9])
def test_a_clock_that_says_what_it_may_is_believed(told_s: float) -> None:
    raise_if_astray([part(1.0, told_s)])


@pytest.mark.parametrize("told_s", [0.5, 2.5, 90.0])
def test_a_clock_that_jumps_costs_the_window(told_s: float) -> None:
    with pytest.raises(WindowLost, match=r"the clock of two jumped by .* its host was suspended"):
        raise_if_astray([part(1.0, told_s)])
