"""A change from round to round is told from the machine's moment and from chance."""

import numpy as np
import pytest

from analysis.judging.trend import ERROR, changes, trends
from analysis.statistics import ByRound, Estimate

BLOCKS = 6
Rates = dict[tuple[int, int], float]


def rates(rng: np.random.Generator, rounds: int, moved: Rates, change: float = 0.0, noise: float = 0.05) -> Rates:
    """Of a strategy whose rate changes by so much (log) over a block's rounds, on a machine that moves all."""
    return {
        place: float(np.exp(common + change * place[1] / (rounds - 1) + rng.normal(0, noise)))
        for place, common in moved.items()
    }


def machine(rng: np.random.Generator, rounds: int, by: float, blocks: int = BLOCKS) -> Rates:
    return {(block, round_): rng.normal(0, by) for block in range(blocks) for round_ in range(rounds)}


def told(*group: ByRound) -> list[Estimate]:
    """Of each of a group that is alone in its run."""
    return list(trends(changes(dict(enumerate(group)))).values())


@pytest.mark.parametrize("rounds", [2, 5])
@pytest.mark.parametrize("change", [-0.5, 0.5])
def test_a_leak_and_a_warm_up_are_found_though_the_machine_moves_more(rounds: int, change: float) -> None:
    rng = np.random.default_rng(3)
    moved = machine(rng, rounds, by=0.7)
    moving, *others = told(rates(rng, rounds, moved, change), *(rates(rng, rounds, moved) for _ in range(5)))
    assert moving.value == pytest.approx(np.exp(change) - 1, abs=0.2)
    assert moving.low > 0.05 if change > 0 else moving.high < -0.05
    assert all(one.low < 0 < one.high for one in others)


@pytest.mark.parametrize("count", [1, 4])
def test_a_neighbour_that_leaks_is_no_trend_of_others(count: int) -> None:
    rng = np.random.default_rng(4)
    moved = machine(rng, 3, by=0.1)
    others = [rates(rng, 3, moved, noise=0.01) for _ in range(count)]
    assert all(one.low < 0 < one.high for one in told(rates(rng, 3, moved, -1.0, noise=0.01), *others)[1:])


def test_a_neighbour_that_comes_late_moves_nobody() -> None:
    rng = np.random.default_rng(6)
    moved = machine(rng, 3, by=0.1)
    group = {place: rates(rng, 3, moved, noise=0.01) for place in range(4)}
    late = {place: 10 * rate for place, rate in rates(rng, 3, moved).items() if place[1]}
    found = changes(group | {4: late})
    assert {place: found[place] for place in group} == changes(group)


@pytest.mark.parametrize("blocks", [3, 6])
def test_equal_strategies_are_called_changing_in_few_runs(blocks: int) -> None:
    rng = np.random.default_rng(5)
    alarms, runs, members = 0, 400, 8
    for _ in range(runs):
        moved = machine(rng, 2, by=0.5, blocks=blocks)
        found = told(*(rates(rng, 2, moved, noise=noise) for noise in np.linspace(0.1, 0.3, members)))
        alarms += any(one.low > 0 or one.high < 0 for one in found)
    assert alarms <= ERROR * runs + 3 * (ERROR * (1 - ERROR) * runs) ** 0.5


def test_a_line_is_laid_through_the_rounds_there_are() -> None:
    steady = {(block, round_): 2.0**round_ for block in range(2) for round_ in (0, 1, 3)}
    assert told(steady)[0].value == pytest.approx(7)  # from round 0 to 3


@pytest.mark.parametrize("given", [{}, {(0, 0): 5.0, (1, 0): 6.0}, {(0, 0): 5.0, (0, 1): 0.0}])
def test_of_a_single_round_nothing_is_known(given: Rates) -> None:
    assert np.isnan(told(given)[0].value)


def test_of_a_single_block_the_change_is_known_and_not_how_sure_it_is() -> None:
    (found,) = told({(0, 0): 1.0, (0, 1): 2.0})
    assert found.value == pytest.approx(1)
    assert np.isnan([found.low, found.high]).all()
