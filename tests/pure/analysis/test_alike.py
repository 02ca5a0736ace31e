"""Percentiles of blocks that weigh alike, on made-up numbers."""

from collections.abc import Sequence

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram

from analysis.alike import Alike, sampled, whole
from analysis.histograms import Encoded
from tests.support.made_up import histogram


def block(values: Sequence[float] | np.ndarray) -> Encoded:
    return Encoded(histogram(values))


def one(values: Sequence[float] | np.ndarray, still_open: int = 0) -> Alike:
    """A single block."""
    return Alike([whole([block(values)], still_open)])


def test_percentiles_of_known_numbers() -> None:
    known = one(np.arange(1, 20_001) * 1000)
    for percent, expected in ((50, 10_000_000), (90, 18_000_000), (99, 19_800_000), (99.9, 19_980_000)):
        assert known.percentile(percent) == pytest.approx(expected, rel=1e-3)  # three digits are recorded


def test_percentiles_agree_with_the_library() -> None:
    rng = np.random.default_rng(11)
    by_hand = HdrHistogram(1, 3_600_000_000_000, 3)
    values = np.concatenate([rng.integers(1, 5000, 500), rng.lognormal(15, 2, 1500).astype(int)])
    for value in values:
        by_hand.record_value(int(value))
    assert histogram(values) == by_hand.encode().decode()
    for percent in (50, 90, 99):
        assert one(values).percentile(percent) == by_hand.get_value_at_percentile(percent)
    assert block(values).told.values[-1] == by_hand.get_max_value()


def test_requests_still_open_count_as_slower_than_any_answer() -> None:
    alike = one(np.full(980, 1_000_000), still_open=20)
    assert alike.percentile(50) == pytest.approx(1e6, rel=1e-3)
    assert np.isnan(alike.percentile(99))  # it lies among the open ones
    assert alike.percentile(90) == pytest.approx(1e6, rel=1e-3)


def test_the_published_interval_of_a_median_of_20_is_between_the_6th_and_the_15th_value() -> None:
    assert one(np.arange(1, 21) * 1000).interval(50) == pytest.approx((10_000, 6000, 15_000), rel=2e-3)


def test_a_percentile_lies_between_its_order_statistics_in_95_of_100_samples() -> None:
    random = np.random.default_rng(6)
    true = np.exp(14 + 0.5 * 1.2816)
    hits = []
    for _ in range(400):
        found = one(random.lognormal(14, 0.5, 500)).interval(90)
        hits.append(found.low <= true * 1.001 and true <= found.high * 1.001)  # three digits are recorded
    assert 0.92 < np.mean(hits) < 0.985


def test_an_end_among_the_unanswered_is_unknown() -> None:
    alike = one(np.arange(1, 981) * 1000, still_open=20)
    assert alike.interval(90).high == pytest.approx(919e3, rel=5e-3)
    assert np.isnan(alike.interval(97).high)
    assert np.isnan(alike.interval(99).value)


def test_a_fast_block_does_not_outvote_a_slow_one() -> None:
    """Nine times the requests, a ninth of the time: poured together the median is the fast block's."""
    fast, slow = block(np.full(9000, 100_000)), block(np.full(1000, 900_000))
    other = block(np.full(1000, 900_000))
    assert Alike([whole([fast]), whole([slow]), whole([other])]).percentile(50) == pytest.approx(900_000, rel=1e-3)
    assert Alike([whole([fast, slow, other])]).percentile(50) == pytest.approx(100_000, rel=1e-3)


@pytest.mark.parametrize("percent", [50, 90, 99, 99.9])
def test_of_blocks_of_one_size_it_is_the_percentile_of_all(percent: float) -> None:
    random = np.random.default_rng(1)
    blocks = [block(random.lognormal(14, 0.5, 4000)) for _ in range(5)]
    pooled = Alike([whole(blocks)])
    alike = Alike([whole([one]) for one in blocks])
    assert alike.percentile(percent) == pooled.percentile(percent)
    assert alike.interval(percent) == pooled.interval(percent)
    assert alike.count == alike.worth == 20_000


def test_what_is_open_is_slower_than_any_answer() -> None:
    answered = block(np.arange(1, 901) * 1000)
    alike = Alike([whole([answered], 100), whole([block(np.arange(1, 1001) * 1000)])])
    assert alike.percentile(90) == pytest.approx(900_000 * 2 * 0.9 / 1.8, rel=2e-2)
    assert np.isnan(alike.percentile(99))
    assert np.isnan(Alike([whole([answered], 100)]).interval(90).high)


def test_a_block_of_which_nothing_was_answered_is_all_beyond() -> None:
    alike = Alike([whole([block(np.full(1000, 1e6))]), whole([], 3)])
    assert alike.percentile(50) == pytest.approx(1e6, rel=1e-3)
    assert np.isnan(alike.percentile(90))


def test_each_blocks_own_percentile_is_that_of_the_block_alone() -> None:
    random = np.random.default_rng(8)
    blocks = [
        whole([block(random.lognormal(14, 0.5, size))], open_) for size, open_ in ((3000, 0), (999, 0), (2000, 40))
    ]
    blocks.append(whole([]))
    for percent in (50, 90, 99):
        alone = [Alike([one]).percentile(percent) for one in blocks]
        assert Alike(blocks).percentiles(percent) == pytest.approx(alone, nan_ok=True, rel=0)
    assert np.isnan(Alike(blocks).percentiles(99)).tolist() == [False, True, True, True]


def test_a_mean_counts_each_request_that_a_latency_of_a_sample_stands_for() -> None:
    quick, slow = (block(np.full(1000, latency)) for latency in (100_000, 900_000))
    means = Alike([sampled([(quick, 9000), (slow, 1000)]), whole([quick, slow]), whole([])]).means()
    assert means == pytest.approx([180_000, 500_000, np.nan], rel=1e-3, nan_ok=True)


def test_the_requests_support_a_percentile() -> None:
    assert np.isnan(Alike([whole([block(np.full(999, 1e6))])]).percentile(99))
    assert Alike([whole([block(np.full(1000, 1e6))])]).percentile(99) == pytest.approx(1e6, rel=1e-3)
    assert np.isnan(Alike([]).percentile(50))
    assert np.isnan(Alike([whole([])]).interval(50).value)


def test_unequal_blocks_are_worth_fewer_requests_than_they_have() -> None:
    """As many as tell the mean of a yes or no with the same error."""
    alike = Alike([whole([block(np.full(100, 1e6))]), whole([block(np.full(900, 1e6))])])
    assert (alike.count, alike.worth) == (1000, 360)


def test_it_lies_between_its_order_statistics_in_95_of_100_samples() -> None:
    random = np.random.default_rng(6)
    true = np.exp(14 + 0.5 * 1.2816)
    hits = []
    for _ in range(300):
        found = Alike([whole([block(random.lognormal(14, 0.5, size))]) for size in (150, 600, 900)]).interval(90)
        hits.append(found.low <= true * 1.001 and true <= found.high * 1.001)  # three digits are recorded
    assert 0.92 < np.mean(hits) < 0.985


def test_a_sample_stands_for_all_that_were_answered() -> None:
    """Of a quick window one request in ten was looked at, of a slow one each: they weigh as requests do."""
    quick, slow = block(np.full(900, 100_000)), block(np.full(1000, 900_000))
    one = sampled([(quick, 9000), (slow, 1000)])
    assert one.weight == 10_000
    assert one.size == 1900
    assert Alike([one]).percentile(89) == pytest.approx(100_000, rel=1e-3)
    assert Alike([one]).percentile(91) == pytest.approx(900_000, rel=1e-3)


def test_who_waits_weighs_as_much_as_all_that_a_sample_stands_for() -> None:
    """A hundredth of the requests has no answer, though a tenth of the others was looked at."""
    one = sampled([(block(np.full(2000, 100_000)), 20_000)], 150)
    assert one.size == 2015
    assert Alike([one]).percentile(99) == pytest.approx(100_000, rel=1e-3)
    assert np.isnan(Alike([sampled([(block(np.full(2000, 100_000)), 20_000)], 250)]).percentile(99))


def test_what_was_looked_at_supports_a_percentile() -> None:
    assert np.isnan(Alike([sampled([(block(np.full(999, 1e6)), 100_000)])]).percentile(99))


def test_a_block_of_which_nothing_was_looked_at_is_none() -> None:
    assert np.isnan(Alike([sampled([])]).percentile(50))
