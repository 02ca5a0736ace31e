"""A change from round to round is told from the machine's moment and from chance."""

import numpy as np
import pytest

from analysis.judging.trend import trend

BLOCKS = 6
Rates = dict[tuple[int, int], float]


def rates(rng: np.random.Generator, rounds: int, moved: Rates, change: float = 0.0, noise: float = 0.05) -> Rates:
    """Of a strategy whose rate changes by so much (log) over a block's rounds, on a machine that moves all."""
    return {
        (block, round_): float(np.exp(moved[block, round_] + change * round_ / (rounds - 1) + rng.normal(0, noise)))
        for block in range(BLOCKS)
        for round_ in range(rounds)
    }


def machine(rng: np.random.Generator, rounds: int, by: float) -> Rates:
    return {(block, round_): rng.normal(0, by) for block in range(BLOCKS) for round_ in range(rounds)}


@pytest.mark.parametrize("rounds", [2, 5])
@pytest.mark.parametrize("change", [-0.5, 0.5])
def test_a_leak_and_a_warm_up_are_found_though_the_machine_moves_more(rounds: int, change: float) -> None:
    rng = np.random.default_rng(3)
    moved = machine(rng, rounds, by=0.7)
    others = [rates(rng, rounds, moved) for _ in range(5)]
    found = trend(rates(rng, rounds, moved, change), others, asked=6)
    assert found.value == pytest.approx(np.exp(change) - 1, abs=0.2)
    assert found.low > 0.05 if change > 0 else found.high < -0.05


def test_a_neighbour_that_leaks_is_no_trend_of_others() -> None:
    rng = np.random.default_rng(4)
    moved = machine(rng, 3, by=0.1)
    leaks = rates(rng, 3, moved, -1.0, noise=0.01)
    for count in (1, 4):
        others = [leaks, *(rates(rng, 3, moved, noise=0.01) for _ in range(count - 1))]
        found = trend(rates(rng, 3, moved, noise=0.01), others, asked=count + 1)
        assert found.low < 0 < found.high


def test_a_neighbour_that_comes_late_moves_nobody() -> None:
    rng = np.random.default_rng(6)
    moved = machine(rng, 3, by=0.1)
    others = [rates(rng, 3, moved, noise=0.01) for _ in range(3)]
    late = {place: 10 * rate for place, rate in rates(rng, 3, moved).items() if place[1]}
    own = rates(rng, 3, moved, noise=0.01)
    assert trend(own, [*others, late], asked=5) == trend(own, others, asked=5)


def test_equal_strategies_are_called_changing_in_one_run_of_a_hundred_at_most() -> None:
    rng = np.random.default_rng(5)
    alarms, runs, members = 0, 300, 8
    for _ in range(runs):
        moved = machine(rng, 2, by=0.5)
        all_ = [rates(rng, 2, moved, noise=0.2) for _ in range(members)]
        found = [trend(one, [other for other in all_ if other is not one], members) for one in all_]
        alarms += any(one.low > 0 or one.high < 0 for one in found)
    assert alarms <= 0.01 * runs + 3 * (0.01 * 0.99 * runs) ** 0.5


def test_a_line_is_laid_through_the_rounds_there_are() -> None:
    steady = {(block, round_): 2.0**round_ for block in range(2) for round_ in (0, 1, 3)}
    assert trend(steady, [], asked=1).value == pytest.approx(7)  # from round 0 to 3


@pytest.mark.parametrize("given", [{}, {(0, 0): 5.0, (1, 0): 6.0}, {(0, 0): 5.0, (0, 1): 0.0}])
def test_of_a_single_round_nothing_is_known(given: Rates) -> None:
    assert trend(given, [], asked=1).value != trend(given, [], asked=1).value
