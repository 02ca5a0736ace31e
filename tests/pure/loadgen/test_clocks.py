"""Clocks of hosts, compared by trips of a message: made-up trips whose truth is known."""

import random

import pytest

from loadgen.hosts.clocks import DRIFT, LATE_NS, Offset, Trip, astray_ns, better, is_late, jump_ns, offset

MS = 1_000_000


def trip(ahead_ns: int, sent_ns: int, there_ns: int, back_ns: int) -> Trip:
    """Of a clock that is so much ahead: the way there and the way back may differ."""
    return Trip(sent_ns, sent_ns + there_ns + ahead_ns, sent_ns + there_ns + back_ns)


def test_the_shortest_trip_tells_best() -> None:
    found = offset([trip(7 * MS, 0, 5 * MS, MS), trip(7 * MS, 100 * MS, MS, MS), trip(7 * MS, 200 * MS, MS, 9 * MS)])
    assert found == Offset(7 * MS, MS, 102 * MS)


@pytest.mark.parametrize("ahead_ns", [0, 3, -4 * MS, 10**15, -(10**12)])
def test_the_truth_is_within_the_uncertainty_whatever_the_ways_take(ahead_ns: int) -> None:
    drawn = random.Random(ahead_ns)
    for _ in range(200):
        trips = [trip(ahead_ns, number * 50 * MS, drawn.randrange(MS), drawn.randrange(30 * MS)) for number in range(5)]
        found = offset(trips)
        assert abs(found.ahead_ns - ahead_ns) <= found.uncertainty_ns


def test_an_instant_is_told_by_either_clock() -> None:
    known = Offset(ahead_ns=-250, uncertainty_ns=3, at_ns=0)
    assert known.theirs(1000) == 750
    assert known.ours(750) == 1000


def test_a_clock_that_was_set_has_jumped_and_one_that_drifts_has_not() -> None:
    before = Offset(5 * MS, MS // 10, 0)
    ten_s = 10_000 * MS
    drifted = int(DRIFT * ten_s)
    assert jump_ns(before, Offset(5 * MS + drifted, MS // 10, ten_s)) == 0
    assert jump_ns(before, Offset(5 * MS + drifted + MS // 5 + 1, MS // 10, ten_s)) == drifted + MS // 5 + 1
    assert jump_ns(before, Offset(-3_600_000 * MS, MS // 10, ten_s)) == -3_600_005 * MS


def test_a_comparison_of_a_busy_moment_doesn_t_take_the_place_of_a_better_one() -> None:
    """Until clocks may have parted by more."""
    known, busy = Offset(5 * MS, MS // 10, 0), Offset(9 * MS, 5 * MS, 1000 * MS)
    assert better(known, busy) == known
    assert better(known, busy._replace(at_ns=60_000 * MS)).uncertainty_ns == 5 * MS
    assert better(busy, known._replace(at_ns=2000 * MS)).ahead_ns == 5 * MS


@pytest.mark.parametrize(("jumped_ns", "astray"), [(0, False), (MS, False), (40 * MS, True), (-40 * MS, True)])
def test_what_a_clock_says_within_a_trip_lies_within_it(jumped_ns: int, astray: bool) -> None:
    known = Offset(9 * MS, 2 * MS, 1000 * MS)
    told = trip(9 * MS + jumped_ns, 1000 * MS, 3 * MS, 5 * MS)
    found = astray_ns(known, told)
    assert bool(found) == astray
    assert abs(found) <= abs(jumped_ns)
    assert found * jumped_ns >= 0


@pytest.mark.parametrize(("stood_ns", "late"), [(0, False), (LATE_NS + 9 * MS, True)])
def test_a_clock_that_stood_still_says_nothing_impossible_and_is_late(stood_ns: int, late: bool) -> None:
    """While its host was suspended the answer wasn't sent."""
    known = Offset(9 * MS, 2 * MS, 0)
    told = Trip(0, 9 * MS + 300 * MS, 300 * MS + stood_ns + 2 * MS)
    assert not astray_ns(known, told)
    assert is_late(known, told) is late
