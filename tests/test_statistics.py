"""The statistics on made-up numbers whose answers are known from tables or by construction."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from made_up import histogram

from analysis.statistics import (
    around,
    block_means,
    distribution,
    geometric,
    merged,
    percentile,
    ratio,
    spread,
    supported,
)


@pytest.mark.parametrize(("number", "t"), [(2, 12.706), (3, 4.303), (4, 3.182), (6, 2.571), (10, 2.262), (31, 2.042)])
def test_spread_follows_the_published_t_table(number: int, t: float) -> None:
    values = np.arange(number, dtype=float)
    assert spread(values.tolist()) == pytest.approx(t * values.std(ddof=1) / number**0.5, rel=2e-4)


def test_spread_of_a_worked_example() -> None:
    assert spread([1, 2, 3, 4, 5]) == pytest.approx(2.776 * 1.58114 / 5**0.5, rel=1e-3)


@pytest.mark.parametrize("values", [[], [3.0]])
def test_fewer_than_two_blocks_have_no_interval(values: list[float]) -> None:
    assert np.isnan(spread(values))
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


def test_ratio_cancels_what_a_block_does_to_both() -> None:
    reference = {0: 100.0, 1: 50.0, 2: 10.0}
    value, low, high = ratio({block: 0.8 * mean for block, mean in reference.items()}, reference)
    assert (value, low, high) == pytest.approx((0.8, 0.8, 0.8))


def test_ratio_takes_only_the_blocks_that_both_have() -> None:
    assert ratio({0: 2.0, 1: 4.0, 5: 1000.0}, {0: 1.0, 1: 1.0, 9: 1.0}).value == pytest.approx(8**0.5)
    assert np.isnan(ratio({0: 2.0}, {1: 1.0}).value)
    assert np.isnan(ratio({0: 0.0}, {0: 1.0}).value)


def test_ratio_of_a_strategy_to_itself_under_another_name_contains_1() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(1000):
        drift = rng.normal(0, 0.3, 6)
        one, other = (dict(enumerate(np.exp(drift + rng.normal(0, 0.03, 6)))) for _ in range(2))
        _, low, high = ratio(one, other)
        hits += low <= 1 <= high
    assert 0.93 < hits / 1000 < 0.97


def test_an_interval_around_a_pooled_figure_leaves_out_blocks_without_one() -> None:
    value, low, high = around(10.0, [10.0, float("nan"), 10.0])
    assert (value, low, high) == pytest.approx((10, 10, 10))
    assert np.isnan(around(float("nan"), [1.0, 2.0]).low)


def test_merging_histograms_is_the_histogram_of_all() -> None:
    rng = np.random.default_rng(5)
    values = rng.lognormal(14, 1, 3000)
    parts = merged(histogram(part) for part in np.split(values, 3))
    whole = merged([histogram(values)])
    assert parts.get_total_count() == 3000
    for one, other in zip(distribution(parts), distribution(whole), strict=True):
        assert (one == other).all()


def test_percentiles_of_known_numbers() -> None:
    known = merged([histogram(np.arange(1, 20_001) * 1000)])
    for percent, expected in ((50, 10_000_000), (90, 18_000_000), (99, 19_800_000), (99.9, 19_980_000)):
        assert percentile(known, percent) == pytest.approx(expected, rel=1e-3)  # three digits are recorded


def test_percentiles_agree_with_the_library() -> None:
    rng = np.random.default_rng(11)
    by_hand = HdrHistogram(1, 60_000_000_000, 3)
    values = np.concatenate([rng.integers(1, 5000, 500), rng.lognormal(15, 2, 1500).astype(int)])
    for value in values:
        by_hand.record_value(int(value))
    ours = merged([by_hand.encode().decode()])
    for percent in (50, 90, 99):
        assert percentile(ours, percent) == by_hand.get_value_at_percentile(percent)
    assert ours.get_max_value() == by_hand.get_max_value()
    assert histogram(values) == by_hand.encode().decode()


@pytest.mark.parametrize(("percent", "enough"), [(50, 20), (90, 100), (99, 1000), (99.9, 10_000)])
def test_a_percentile_needs_ten_requests_beyond_it(percent: float, enough: int) -> None:
    assert supported(enough, percent)
    assert not supported(enough - 1, percent)


def test_requests_still_open_count_as_slower_than_any_answer() -> None:
    answered = merged([histogram(np.full(980, 1_000_000))])
    assert percentile(answered, 50, censored=20) == pytest.approx(1e6, rel=1e-3)
    assert np.isnan(percentile(answered, 99, censored=20))  # it lies among the open ones
    assert percentile(answered, 90, censored=20) == pytest.approx(1e6, rel=1e-3)
