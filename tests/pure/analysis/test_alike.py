"""Percentiles of blocks that weigh alike, on made-up numbers."""

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.alike import Alike, sampled, whole
from analysis.histograms import Encoded, merged
from analysis.statistics import percentile, percentile_interval
from tests.support.made_up import histogram


def block(values: Sequence[float] | np.ndarray) -> Encoded:
    return Encoded(histogram(values))


def test_a_fast_block_does_not_outvote_a_slow_one() -> None:
    """Nine times the requests, a ninth of the time: poured together the median is the fast block's."""
    fast, slow = block(np.full(9000, 100_000)), block(np.full(1000, 900_000))
    other = block(np.full(1000, 900_000))
    assert Alike([whole([fast]), whole([slow]), whole([other])]).percentile(50) == pytest.approx(900_000, rel=1e-3)
    assert percentile(merged([fast, slow, other]), 50) == pytest.approx(100_000, rel=1e-3)


@pytest.mark.parametrize("percent", [50, 90, 99, 99.9])
def test_of_blocks_of_one_size_it_is_the_percentile_of_all(percent: float) -> None:
    random = np.random.default_rng(1)
    blocks = [block(random.lognormal(14, 0.5, 4000)) for _ in range(5)]
    pooled = merged(blocks)
    alike = Alike([whole([one]) for one in blocks])
    assert alike.percentile(percent) == percentile(pooled, percent)
    assert alike.interval(percent) == percentile_interval(pooled, percent)
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
