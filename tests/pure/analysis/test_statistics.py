"""The statistics on made-up numbers whose answers are known from tables or by construction."""

from collections.abc import Mapping

import numpy as np
import pytest
import scipy.stats
from scipy.stats import binom

from analysis.ranking import ranks
from analysis.statistics import (
    ByRound,
    Estimate,
    around,
    block_means,
    geometric,
    half_width,
    holm,
    order_statistics,
    p_value,
    paired,
    ratio,
    supported,
    wider,
)


@pytest.mark.parametrize(("number", "t"), [(2, 12.706), (3, 4.303), (4, 3.182), (6, 2.571), (10, 2.262), (31, 2.042)])
def test_half_width_follows_the_published_t_table(number: int, t: float) -> None:
    values = np.arange(number, dtype=float)
    assert half_width(values.tolist()) == pytest.approx(t * values.std(ddof=1) / number**0.5, rel=2e-4)


def test_half_width_of_a_worked_example() -> None:
    assert half_width([1, 2, 3, 4, 5]) == pytest.approx(2.776 * 1.58114 / 5**0.5, rel=1e-3)


@pytest.mark.parametrize("values", [[], [3.0]])
def test_fewer_than_two_blocks_have_no_interval(values: list[float]) -> None:
    assert np.isnan(half_width(values))
    assert np.isnan(geometric(values).low)
    assert np.isnan(geometric(values).high)


def test_windows_are_averaged_within_their_block() -> None:
    assert block_means([0, 1, 0, 1, 1], [10, 1, 20, 2, 3]) == {0: 15.0, 1: 2.0}


def test_geometric_mean_and_its_interval_on_the_log_scale() -> None:
    value, low, high = geometric([100.0, 400.0])
    assert value == pytest.approx(200)
    factor = np.exp(12.706 * np.log(4) / 2)  # sd of two logs is their distance / sqrt 2, its error that / sqrt 2
    assert high / value == pytest.approx(factor, rel=1e-3)
    assert value / low == pytest.approx(factor, rel=1e-3)


def test_a_block_at_zero_gives_a_plain_mean_and_no_interval() -> None:
    value, low, high = geometric([0.0, 100.0])
    assert value == 50
    assert np.isnan(low)
    assert np.isnan(high)


def test_intervals_contain_the_truth_in_95_of_100_cases() -> None:
    rng = np.random.default_rng(7)
    hits = 0
    for values in np.exp(rng.normal(np.log(50_000), 0.1, (4000, 6))):
        _, low, high = geometric(values.tolist())
        hits += low <= 50_000 <= high
    assert 0.94 < hits / 4000 < 0.96


def one_round(blocks: Mapping[int, float]) -> ByRound:
    """One window in each block."""
    return {(block, 0): value for block, value in blocks.items()}


def test_ratio_cancels_what_a_block_does_to_both() -> None:
    reference = one_round({0: 100.0, 1: 50.0, 2: 10.0})
    value, low, high = ratio({place: 0.8 * mean for place, mean in reference.items()}, reference)
    assert (value, low, high) == pytest.approx((0.8, 0.8, 0.8))


def test_ratio_of_a_block_is_its_median_round() -> None:
    reference = {(0, round_): 100.0 * factor for round_, factor in enumerate((1, 3, 0.5))}
    one = {(0, 0): 110.0, (0, 1): 3.0, (0, 2): 60.0, (0, 3): 7.0}  # 1.1, 0.01 (disturbed), 1.2, nobody to pair with
    assert paired(one, reference) == {0: pytest.approx(1.1)}


def test_a_round_without_an_answer_is_the_slowest_of_its_block() -> None:
    reference = {(0, round_): 100.0 for round_ in range(3)}
    assert paired({(0, 0): 0.0, (0, 1): 90.0, (0, 2): 110.0}, reference) == {0: pytest.approx(0.9)}
    assert np.isnan(paired({(0, 0): 0.0, (0, 1): 0.0, (0, 2): 110.0}, reference)[0])
    assert np.isnan(ratio({(0, 0): 0.0, (1, 0): 1.0}, {(0, 0): 1.0, (1, 0): 1.0}).value)


def test_ratio_takes_only_the_blocks_that_both_have() -> None:
    one, other = one_round({0: 2.0, 1: 4.0, 5: 1000.0}), one_round({0: 1.0, 1: 1.0, 9: 1.0})
    assert ratio(one, other).value == pytest.approx(8**0.5)
    assert np.isnan(ratio(one_round({0: 2.0}), one_round({1: 1.0})).value)
    assert np.isnan(ratio(one_round({0: 0.0}), one_round({0: 1.0})).value)


def test_ratio_of_a_strategy_to_itself_under_another_name_contains_1() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(1000):
        drift = rng.normal(0, 0.3, 6)
        one, other = (one_round(dict(enumerate(np.exp(drift + rng.normal(0, 0.03, 6))))) for _ in range(2))
        _, low, high = ratio(one, other)
        hits += low <= 1 <= high
    assert 0.93 < hits / 1000 < 0.97


def test_a_block_without_a_figure_narrows_no_interval() -> None:
    assert around(10.0, [10.0, 10.0, 10.0]) == pytest.approx((10, 10, 10))
    value, low, high = around(10.0, [10.0, 10.1, float("nan"), 9.9])
    assert value == 10
    assert np.isnan([low, high]).all()
    assert np.isnan(around(float("nan"), [1.0, 2.0]).low)


@pytest.mark.parametrize(("percent", "enough"), [(50, 20), (90, 100), (99, 1000), (99.9, 10_000)])
def test_a_percentile_needs_ten_requests_beyond_it(percent: float, enough: int) -> None:
    assert supported(enough, percent)
    assert not supported(enough - 1, percent)


@pytest.mark.parametrize("count", [20, 100, 1000, 1001, 10_000, 3_000_000])
@pytest.mark.parametrize("percent", [50, 90, 99])
def test_ranks_of_order_statistics_are_binomial(count: int, percent: float) -> None:
    low, high = order_statistics(count, percent)
    assert low == binom.ppf(0.025, count, percent / 100)
    assert high == binom.ppf(0.975, count, percent / 100) + 1


def test_a_worked_example_of_an_order_statistic() -> None:
    # the published interval of a median of 20: between the 6th and the 15th value
    assert order_statistics(20, 50) == (6, 15)


def test_the_wider_of_two_intervals() -> None:
    assert wider(Estimate(5, 4, 6), Estimate(5, 4.5, 7)) == (5, 4, 7)
    assert np.isnan(wider(Estimate(5, 4, 6), Estimate(5, float("nan"), float("nan"))).low)


def test_a_widened_interval_is_wider_on_the_log_scale() -> None:
    plain, wide = geometric([90.0, 100.0, 110.0]), geometric([90.0, 100.0, 110.0], 1.5)
    assert np.log(wide.high / wide.value) == pytest.approx(1.5 * np.log(plain.high / plain.value))
    assert wide.value == plain.value


def blocks_of(rate: float, noise: list[float]) -> ByRound:
    return {(block, 0): rate * np.exp(part) for block, part in enumerate(noise)}


@pytest.mark.parametrize("logs", [[0.02, 0.05, -0.01, 0.03], [-0.1, 0.1], [0.3, 0.31, 0.29, 0.3, 0.32]])
def test_p_value_is_that_of_the_t_test(logs: list[float]) -> None:
    assert p_value(logs) == pytest.approx(scipy.stats.ttest_1samp(logs, 0).pvalue)


def test_ranks_share_what_was_not_told_apart() -> None:
    noise = [0.01, -0.02, 0.015, -0.005, 0.0, 0.002]
    other = [-0.01, 0.01, -0.02, 0.015, 0.0, 0.005]
    found = ranks({
        "slow": blocks_of(50, noise), "fast": blocks_of(100, other), "alike": blocks_of(101, noise),
        "slowest": blocks_of(20, other), "silent": one_round({0: 0.0, 1: 3.0}),
    })  # fmt: skip
    assert found == {"fast": 1, "alike": 1, "slow": 3, "slowest": 4}


def test_ranks_pair_the_blocks() -> None:
    # the blocks differ tenfold, the strategies by a hundredth in each of them
    common = [0.0, 2.3, -1.0, 1.0, 0.5]
    jitter = [0.001, -0.001, 0.0, 0.001, 0.0]
    both = {"one": blocks_of(100, common), "other": blocks_of(101, list(np.add(common, jitter)))}
    assert ranks(both) == {"one": 2, "other": 1}


def test_a_single_block_ranks_nobody() -> None:
    assert ranks({"one": one_round({0: 1.0}), "other": one_round({0: 2.0})}) == {}
    assert ranks({}) == {}


def test_equals_are_ranked_apart_in_hardly_one_of_twenty_runs() -> None:
    random = np.random.default_rng(9)
    wrong = [len(set(ranks({name: blocks_of(100, list(random.normal(0, 0.05, 6))) for name in range(8)}).values())) > 1
             for _ in range(400)]  # fmt: skip
    assert np.mean(wrong) < 0.08


def test_holm_against_worked_numbers() -> None:
    """Of 0.01, 0.04, 0.03, 0.005 at 5 %: 0.005 <= 0.05/4, 0.01 <= 0.05/3, 0.03 > 0.05/2, which ends it."""
    p_values = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    assert holm(p_values, 0.05) == ["d", "a"]
    assert holm(p_values, 0.05, family=7) == ["d"]  # 0.005 <= 0.05/7, 0.01 > 0.05/6
    assert holm(p_values, 0.05, family=11) == []
    assert holm({"none": float("nan"), **p_values}, 0.05) == ["d", "a"]  # 0.01 <= 0.05/4
