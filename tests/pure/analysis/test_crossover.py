"""Crossovers of made-up curves, whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.crossover import NONE, crossing, crossover

TIMES = np.array([50, 100, 200, 400, 800, 1600, 3200, 6400], dtype=float)
TRUTH = 330.0
RNG = np.random.default_rng(20)


def bent(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """A log ratio as threads have it to a loop: it rises, and ever less."""
    away = np.log(times / TRUTH)
    return np.log1p(np.exp(away)) - np.log(2)


def curves(blocks: int, noise: float, common: float) -> NDArray[np.float64]:
    """A curve a block: each value has noise of its own, and each block moves as a whole."""
    own = RNG.normal(0, noise, (blocks, len(TIMES)))
    return bent(TIMES) + own + RNG.normal(0, common, (blocks, 1))


def test_it_is_found_between_two_values() -> None:
    found = crossing([100, 400], np.array([[-1.0, 1.0], [-1.1, 1.1]]))
    assert found.value == pytest.approx(200)
    assert (found.low, found.high) == (pytest.approx(200), pytest.approx(200))
    assert found.is_told


def test_blocks_that_agree_have_an_interval_of_nothing() -> None:
    found = crossing([100, 1600], np.array([[-1.0, 1.0], [-1.0, 1.0]]))
    assert (found.low, found.high) == (pytest.approx(400, rel=0.05), pytest.approx(400, rel=0.05))


@pytest.mark.parametrize("blocks", [4, 6, 12])
@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_the_interval_holds_the_truth(blocks: int, noise: float) -> None:
    """In 94 of 100 tries at least, by 2,000 of them less three deviations of chance."""
    tries = [crossing(TIMES, curves(blocks, noise, noise)) for _ in range(2000)]
    assert NONE not in tries
    held = sum(found.low <= TRUTH <= found.high for found in tries)
    assert held >= 0.94 * 2000 - 3 * (2000 * 0.94 * 0.06) ** 0.5


def test_where_none_passes_the_other_there_is_none() -> None:
    assert crossing(TIMES, np.full((4, 8), -0.5) + RNG.normal(0, 0.01, (4, 8))) == NONE
    assert crossing(TIMES, np.full((4, 8), 0.5) + RNG.normal(0, 0.01, (4, 8))) == NONE


def test_one_that_falls_behind_again_does_not_pass() -> None:
    assert crossing([1, 2, 4], np.array([[-1.0, 1.0, -1.0]] * 3)) == NONE


def test_where_the_last_value_tells_nothing_the_interval_has_no_end() -> None:
    found = crossing([100, 200, 400], np.array([[-1.0, -0.2, 0.6], [-1.0, -0.2, -0.4], [-1.0, -0.2, 0.5]]))
    assert found.high == float("inf")
    assert found.low > 0
    assert found.is_told


def test_curves_that_hardly_differ_tell_of_no_end() -> None:
    found = crossing([100, 200, 400], np.array([[-0.5, 0.1, 0.6], [0.5, -0.1, -0.4], [-0.1, 0.0, 0.05]]))
    assert not found.is_told
    assert not NONE.is_told


def test_a_single_block_tells_nothing() -> None:
    assert crossing(TIMES, bent(TIMES)[np.newaxis]) == NONE


def test_it_is_of_rates_in_the_same_rounds() -> None:
    """The machine halves both in the second block; their ratio doesn't move."""
    first = {
        at: {(block, round_): 1000.0 / (block + 1) for block in range(3) for round_ in range(2)} for at in (1.0, 4.0)
    }
    second = {at: {place: rate * by for place, rate in first[at].items()} for at, by in ((1.0, 0.5), (4.0, 2.0))}
    assert crossover(first, second).value == pytest.approx(2.0)
    assert crossover(second, first) == NONE
