"""How noisy a machine is, and the smallest difference that can be shown there, on known numbers."""

import math
from dataclasses import replace

import pytest

from analysis import noise
from harness.doctor import doctor
from tests.support.machines import QUIET


def rates(blocks: list[list[float]]) -> list[list[tuple[float, float]]]:
    """Pairs of rates with these logarithms of their ratios."""
    return [[(math.exp(ratio) * 1000, 1000.0) for ratio in block] for block in blocks]


def test_spread_of_windows_alone() -> None:
    """Blocks of equal means: all that differs is within them."""
    found = noise.estimated(rates([[0.1, -0.1], [0.1, -0.1], [-0.1, 0.1]]), round_s=0.25, block_cost_s=0.5)
    assert found.window_sd == pytest.approx(math.sqrt(0.02))
    assert found.block_sd == 0
    assert (found.ratio, found.ratio_low, found.ratio_high) == pytest.approx((1, 1, 1))


def test_spread_of_blocks_alone() -> None:
    """Windows of a block all alike: all that differs is between them."""
    found = noise.estimated(rates([[0.1, 0.1], [-0.1, -0.1], [0.3, 0.3]]), round_s=0.25, block_cost_s=0.5)
    assert found.window_sd == 0
    assert found.block_sd == pytest.approx(0.2)
    half = 4.302653 * 0.2 / math.sqrt(3)  # Student's t for three blocks
    assert found.ratio == pytest.approx(math.exp(0.1))
    assert found.ratio_low == pytest.approx(math.exp(0.1 - half))
    assert found.ratio_high == pytest.approx(math.exp(0.1 + half))


def test_both_spreads() -> None:
    found = noise.estimated(rates([[0.5, 0.3], [-0.3, -0.5]]), round_s=0.25, block_cost_s=0.5)
    assert found.window_sd == pytest.approx(math.sqrt(0.02))
    assert found.block_sd == pytest.approx(math.sqrt(0.32 - 0.02 / 2))  # less what two rounds explain


def test_smallest_difference_where_two_blocks_of_one_round_fit() -> None:
    found = replace(QUIET, window_sd=0.01, round_s=1.0, block_cost_s=3.0)
    half = 12.706205 * 0.01 / math.sqrt(2)
    assert found.smallest_difference(9.0) == pytest.approx(math.expm1(half), rel=1e-6)


def test_smallest_difference_counts_every_round_that_fits() -> None:
    found = replace(QUIET, window_sd=0.01, round_s=0.1, block_cost_s=4.5)
    half = 12.706205 * 0.01 / math.sqrt(5 * 2)  # five rounds in each of two blocks
    assert found.smallest_difference(10.0) == pytest.approx(math.expm1(half), rel=1e-6)


def test_smallest_difference_where_blocks_are_the_noise() -> None:
    """Then only blocks help: as many as there can be, one round each."""
    found = replace(QUIET, window_sd=0.0, block_sd=0.1, round_s=0.5, block_cost_s=0.5)
    half = 2.262157 * 0.1 / math.sqrt(10)
    assert found.smallest_difference(10.0) == pytest.approx(math.expm1(half), rel=1e-6)


def test_fixed_cost_of_a_block_makes_the_difference_larger() -> None:
    costs = [replace(QUIET, block_cost_s=cost).smallest_difference(60.0) for cost in (0.1, 1.0, 10.0)]
    assert None not in costs
    assert costs == sorted(costs)  # type: ignore[type-var]
    assert costs[0] != costs[2]


def test_more_time_shows_smaller_differences() -> None:
    in_10_s, in_60_s, in_10_min = (QUIET.smallest_difference(budget) for budget in doctor.BUDGETS_S)
    assert in_10_s is not None
    assert in_60_s is not None
    assert in_10_min is not None
    assert in_10_s > in_60_s > in_10_min > 0


def test_the_interval_to_be_expected_of_a_plan() -> None:
    half = 2.570582 * math.sqrt((0.18**2 / 4 + 0.03**2) / 6)  # Student's t for six blocks
    assert noise.expected_interval(blocks=6, rounds=4) == pytest.approx(half, rel=1e-6)


def test_no_difference_where_two_blocks_do_not_fit() -> None:
    assert QUIET.smallest_difference(1.4) is None
