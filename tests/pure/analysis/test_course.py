"""Stalls, leaks and drifts on made-up courses whose truth is known: found where they are, and elsewhere seldom."""

from itertools import accumulate

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.course import ERROR, drift, many_slow, rise

SECONDS = 180
REPLAYS = 400
# Of so many replays more than that is less likely than one in ten thousand where the error rate is as said.
MOST = 13
AT_S = np.arange(SECONDS, dtype=float)
KIB, MIB = 1024, 1 << 20


def latencies(rng: np.random.Generator, rate: int = 300) -> list[NDArray[np.float64]]:
    """Of each second, in ms: independent of each other, with a heavy tail."""
    return [rng.lognormal(0, 0.7, rng.poisson(rate)) for _ in range(SECONDS)]


def slow(seconds: list[NDArray[np.float64]]) -> list[int]:
    usual = float(np.median([one.max() for one in seconds]))
    return [int((one > usual).sum()) for one in seconds]


def test_so_few_false_alarms() -> None:
    assert 1 - sum(np.exp(-REPLAYS * ERROR) * (REPLAYS * ERROR) ** k / _factorial(k) for k in range(MOST + 1)) < 1e-4


def _factorial(k: int) -> int:
    return list(accumulate(range(1, k + 1), lambda one, other: one * other))[-1] if k else 1


# --- stalls --------------------------------------------------------------------------------------------------------


def test_requests_that_are_slow_by_chance_are_no_stall() -> None:
    rng = np.random.default_rng(1)
    assert sum(bool(many_slow(slow(latencies(rng)))) for _ in range(REPLAYS)) <= MOST


@pytest.mark.parametrize("pause_ms", [100, 500])
def test_a_pause_is_found_in_its_second(pause_ms: int) -> None:
    """Whoever comes in a pause waits for the rest of it."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        seconds = latencies(rng)
        inside = rng.random(len(seconds[70])) < pause_ms / 1000
        seconds[70] = seconds[70] + inside * rng.uniform(0, pause_ms, len(inside))
        assert many_slow(slow(seconds)) == [70]


def test_requests_that_are_slow_together_all_the_time_are_the_usual() -> None:
    """Three at a time, as with a collection of garbage each second: many seconds have as many."""
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(100):
        seconds = [np.append(one, np.full(3, rng.uniform(20, 30))) for one in latencies(rng)]
        found += bool(many_slow(slow(seconds)))
    assert found <= 6


def test_nothing_is_no_stall() -> None:
    assert many_slow([]) == many_slow([0] * 10) == []


# --- leaks ---------------------------------------------------------------------------------------------------------


def test_memory_that_stands_wanders_or_warms_up_is_no_leak() -> None:
    rng = np.random.default_rng(4)
    found = dict.fromkeys(("noise", "walk", "warm-up"), 0)
    for _ in range(REPLAYS):
        found["noise"] += rise(AT_S, 50 * MIB + rng.normal(0, 100 * KIB, SECONDS)).is_shown
        found["walk"] += rise(AT_S, 50 * MIB + rng.normal(0, 100 * KIB, SECONDS).cumsum()).is_shown
        warming = 20 * MIB * (1 - np.exp(-AT_S / 20))
        found["warm-up"] += rise(AT_S, 50 * MIB + warming + rng.normal(0, 10 * KIB, SECONDS)).is_shown
    assert max(found.values()) <= MOST, found
    assert not rise(AT_S, np.full(SECONDS, 5e7)).is_shown
    assert not rise(AT_S, np.where(AT_S < 100, 5e7, 6e7)).is_shown  # once, and no more


def test_a_leak_is_found_with_its_size() -> None:
    """A MiB a minute, in pages, under noise of 64 KiB."""
    rng = np.random.default_rng(5)
    found, covered = 0, 0
    for _ in range(100):
        leaked = np.floor(AT_S / 60 * 256) * 4 * KIB
        seen = rise(AT_S, 50 * MIB + leaked + rng.normal(0, 64 * KIB, SECONDS))
        found += seen.is_shown
        covered += seen.change.low <= MIB * seen.minutes <= seen.change.high
    assert found == 100
    assert covered >= 90


def test_a_short_or_unknown_course_tells_nothing() -> None:
    assert not rise([], []).is_shown
    assert not rise(AT_S[:4], AT_S[:4]).is_shown
    assert not rise(AT_S, np.full(SECONDS, np.nan)).is_shown


# --- drifts --------------------------------------------------------------------------------------------------------


def test_a_level_figure_does_not_drift() -> None:
    rng = np.random.default_rng(6)
    shown = [drift(AT_S, rng.lognormal(0, 0.3, SECONDS)).is_shown for _ in range(REPLAYS)]
    assert sum(shown) <= MOST


@pytest.mark.parametrize("factor", [1.3, 0.7])
def test_a_drift_is_found_with_its_size(factor: float) -> None:
    """By so much over all of the soak; the first fifth isn't looked at, nor half of the parts at the ends."""
    rng = np.random.default_rng(7)
    inside = factor ** (0.8 * 0.9) - 1
    seen = [drift(AT_S, factor ** (AT_S / SECONDS) * rng.lognormal(0, 0.1, SECONDS)) for _ in range(100)]
    assert sum(one.is_shown for one in seen) == 100
    assert sum(one.change.low <= inside <= one.change.high for one in seen) >= 90


def test_what_has_no_logarithm_is_left_out() -> None:
    assert not drift(AT_S, np.zeros(SECONDS)).is_shown
    values = np.where(AT_S % 10 == 0, 0.0, 1.2 ** (AT_S / SECONDS))
    assert drift(AT_S, values).is_shown
