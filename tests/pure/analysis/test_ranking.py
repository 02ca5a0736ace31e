"""Ranks on made-up numbers: variances that are moved towards the usual one, and places that follow."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray
from scipy.special import polygamma

from analysis.ranking import alike, inverse_trigamma, p_values, ranks, shown, squeezed, usual
from analysis.statistics import ByRound

# Deviations of fourteen strategies as a noisy hour had them, one client: ten alike, two far off.
UNEQUAL = [0.03, 0.35, 0.21, 0.36, 0.05, 0.05, 0.10, 0.15, 0.03, 0.06, 0.05, 0.14, 0.06, 0.04]


def a_window_a_block(logs: Mapping[str, NDArray[np.float64]]) -> dict[str, ByRound]:
    return {name: {(block, 0): float(np.exp(log)) for block, log in enumerate(of)} for name, of in logs.items()}


@pytest.mark.parametrize("argument", [0.3, 1.0, 2.5, 40.0])
def test_inverse_trigamma_is_the_inverse(argument: float) -> None:
    assert inverse_trigamma(float(polygamma(1, argument))) == pytest.approx(argument, rel=1e-6)


@pytest.mark.parametrize("value", [1e-9, 1e9])
def test_inverse_trigamma_of_the_extremes(value: float) -> None:
    assert float(polygamma(1, inverse_trigamma(value))) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("freedom", [2.0, 4.0, 12.0])
def test_the_fit_finds_the_distribution_that_variances_were_drawn_from(freedom: float) -> None:
    random = np.random.default_rng(1)
    true = 0.01 * freedom / random.chisquare(freedom, 40_000)
    found = usual(true * random.chisquare(5, true.size) / 5, np.full(true.size, 5.0))
    assert found.variance == pytest.approx(0.01, rel=0.03)
    assert found.freedom == pytest.approx(freedom, rel=0.06)


@pytest.mark.parametrize("members", [3, 6, 14])
def test_pairs_that_share_members_differ_less_by_chance(members: int) -> None:
    """Equal noise: their log variances are about as far apart as the fit expects, and not as those of strangers."""
    random = np.random.default_rng(7)
    pairs = np.array(list(combinations(range(members), 2)))
    logs = random.normal(0, 1, (4000, members, 6))
    found = np.log((logs[:, pairs[:, 0]] - logs[:, pairs[:, 1]]).var(axis=2, ddof=1)).var(axis=1, ddof=1).mean()
    expected = [(1 - share * alike(members)) * float(polygamma(1, 2.5)) for share in (1.0, 0.7)]
    assert 0.98 * expected[0] < found < 1.02 * expected[1]
    assert alike(2) == 0


def test_variances_that_differ_by_chance_alone_are_all_but_pooled_and_never_wholly() -> None:
    found = np.array([0.9, 1.0, 1.1])
    assert usual(found, np.full(3, 5.0)).freedom == float("inf")
    moved, freedom = squeezed(found, np.full(3, 5.0), members=3)
    assert freedom == pytest.approx([10, 10, 10])  # no more than those of three members' residuals
    assert moved[0] < moved[1] < moved[2]
    assert moved[2] - moved[0] == pytest.approx(0.1)


def test_variances_that_differ_widely_hardly_move() -> None:
    found = np.geomspace(1e-4, 1e2, 15)
    moved, freedom = squeezed(found, np.full(15, 11.0), members=6)
    assert (freedom < 11.7).all()
    assert moved[-1] == pytest.approx(1e2, rel=0.06)


def test_a_pair_alone_is_tested_by_students_t() -> None:
    logs = np.array([0.02, 0.05, -0.01, 0.03])
    assert p_values([logs], members=2) == pytest.approx([scipy.stats.ttest_1samp(logs, 0).pvalue])


def test_pairs_without_any_spread_are_told_apart_where_they_differ() -> None:
    ratios = [np.full(4, 0.1), np.zeros(4), np.full(4, 0.1)]
    assert p_values(ratios, members=3) == pytest.approx([0, 1, 0], abs=1e-9)


def test_equals_of_unequal_noise_are_ranked_apart_in_hardly_one_of_twenty_runs() -> None:
    random = np.random.default_rng(2)
    pairs = list(combinations(range(14), 2))
    wrong = 0
    for _ in range(600):
        logs = random.normal(0, np.array(UNEQUAL)[:, None], (14, 6))
        wrong += min(p_values([logs[one] - logs[other] for one, other in pairs], 14)) <= 0.05 / len(pairs)
    assert wrong / 600 < 0.06


def test_one_variance_for_all_would_call_equals_apart_too_often() -> None:
    """Why each pair keeps a share of its own: the same runs by the pooled variance."""
    random = np.random.default_rng(2)
    pairs = np.array(list(combinations(range(14), 2)))
    wrong = 0
    for _ in range(600):
        logs = random.normal(0, np.array(UNEQUAL)[:, None], (14, 6))
        differences = logs[pairs[:, 0]] - logs[pairs[:, 1]]
        t = differences.mean(axis=1) / np.sqrt(differences.var(axis=1, ddof=1).mean() / 6)
        wrong += 2 * scipy.stats.t.sf(np.abs(t).max(), 65) <= 0.05 / len(pairs)
    assert wrong / 600 > 0.1


def test_more_is_shown_than_by_each_pair_for_itself() -> None:
    """Fourteen alike in noise, of six blocks each: one of them a tenth slower."""
    random = np.random.default_rng(3)
    logs = {str(name): random.normal(0, 0.02, 6) for name in range(14)}
    logs["13"] = logs["13"] - 0.1
    found = shown(a_window_a_block(logs))
    assert {slow for _, slow in found} == {"13"}
    assert len(found) == 13
    alone = [scipy.stats.ttest_rel(logs[name], logs["13"]).pvalue for name in logs if name != "13"]
    assert sum(p <= 0.05 / 91 for p in alone) < 13


def test_who_is_slow_and_noisy_does_not_stand_among_the_best() -> None:
    """Nothing is shown of it alone, but one that is at least as fast was shown to be slower than the best."""
    random = np.random.default_rng(4)
    logs = {name: centre + random.normal(0, 0.01, 6) for name, centre in
            (("best", 0.0), ("also", 0.0), ("slower", -0.5), ("slow", -0.6))}  # fmt: skip
    logs["noisy"] = np.array([0.7, -2.6, 0.4, -2.3, 0.1, -0.5])
    rounds = a_window_a_block(logs)
    assert not any("noisy" in pair for pair in shown(rounds))
    assert ranks(rounds) == {"best": 1, "also": 1, "slower": 3, "slow": 4, "noisy": 4}


def test_no_rank_is_better_than_that_of_a_faster_one() -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        deviations = random.uniform(0.01, 0.4, 8)
        logs = {str(name): random.normal(-0.1 * name, deviations[name], 6) for name in range(8)}
        found = ranks(a_window_a_block(logs))
        by_rate = sorted(found, key=lambda name: -float(logs[name].mean()))
        assert [found[name] for name in by_rate] == sorted(found.values())
