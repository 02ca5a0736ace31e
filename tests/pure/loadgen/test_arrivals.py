"""When the requests of an open loop are meant to start."""

import numpy as np
import pytest
from scipy import stats

from loadgen import arrivals
from loadgen.arrivals import DROPPED, Arrivals
from loadgen.window import OpenLoad

SECOND = 10**9


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_poisson_gaps_are_exponential(seed: int) -> None:
    rate = 5000.0
    starts = arrivals.poisson(rate, 4 * SECOND, np.random.default_rng(seed))
    gaps = np.diff(starts) / SECOND
    assert (gaps >= 0).all()
    assert stats.anderson(gaps, "expon", method="interpolate").pvalue > 0.01  # Anderson-Darling


def test_even_gaps_are_no_exponentials() -> None:
    """The test above bites."""
    starts = arrivals.even(5000.0, 4 * SECOND, np.random.default_rng(1))
    assert stats.anderson(np.diff(starts) / SECOND, "expon", method="interpolate").pvalue <= 0.01


def test_even_gaps_are_even() -> None:
    starts = arrivals.even(1000.0, 2 * SECOND, np.random.default_rng(1))
    assert len(starts) == 2000
    assert starts[0] >= 0
    assert set(np.diff(starts)) <= {999_999, 1_000_000, 1_000_001}


@pytest.mark.parametrize("clients", [[1], [3, 3], [1, 6], [5, 0, 2, 9]])
def test_even_gaps_of_several_workers_are_even_together(clients: list[int]) -> None:
    """Each asks by its share of the clients, and none a burst after the other."""
    of_all, of_each, first = sum(clients), [], 0
    for worker, own in enumerate(clients):
        part = (first / of_all, (first + own) / of_all)
        load = OpenLoad(1000.0 * own / of_all, "even", 100, (7, worker), part)
        of_each.append(load.drawn(2 * SECOND))
        first += own
    together = np.sort(np.concatenate(of_each))
    assert len(together) == 2000
    assert set(np.diff(together)) <= {999_999, 1_000_000, 1_000_001}
    for own, starts in zip(clients, of_each, strict=True):
        assert len(starts) == pytest.approx(2000 * own / of_all, abs=3)
        if own:
            assert np.diff(starts).max() <= 3 * of_all / own * 1_000_000


@pytest.mark.parametrize("process", ["poisson", "even"])
def test_same_seed_same_starts_and_the_rate_asked_for(process: str) -> None:
    make = arrivals.PROCESSES[process]
    one, again, other = (make(50_000.0, 4 * SECOND, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one[:100], other[:100])
    assert len(one) == pytest.approx(200_000, rel=0.01)
    assert one[-1] < 4 * SECOND


def test_full_backlog_drops_what_comes_then() -> None:
    coming = Arrivals(np.arange(10, dtype=np.int64), backlog=3)
    coming.let_in(4, idle=0)  # 0 to 4 are due, three find room
    assert coming.waiting == 3
    assert [coming.begin(), coming.begin()] == [0, 1]
    coming.let_in(6, idle=0)  # room for two more
    assert [coming.begin() for _ in range(3)] == [2, 5, 6]
    assert list(coming.intended_ns[:7]) == [0, 1, 2, DROPPED, DROPPED, 5, 6]
    coming.let_in(7, idle=0)
    assert not coming.over
    assert list(coming.never_begun()) == [3, 4, 7, 8, 9]


def test_nothing_is_dropped_while_clients_are_idle() -> None:
    coming = Arrivals(np.arange(10, dtype=np.int64), backlog=1)
    coming.let_in(9, idle=9)
    assert coming.waiting == 10
    assert coming.never_begun().size == 10
