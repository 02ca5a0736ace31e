"""Ranks within a group: which orders were shown, and how a strategy's place follows from them.

A pair's variance is known from a few blocks alone, so badly; the variances of all pairs of the group say what is
usual. Each pair is tested with its own, moved towards the usual one by as much as the pairs allow: where they differ
no more than chance makes them, far; where they differ widely, hardly (Smyth 2004, limma's squeezeVar). One variance
for all would call the noisy ones apart too often.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma, stdtr

from analysis.pairs import log_ratios, moments
from analysis.statistics import CONFIDENCE, ByRound, Name, by_block, geometric, holm

Floats = NDArray[np.float64]
LEAST = 1e-5  # of the median variance: what none is taken to lie under, as an exact zero has no logarithm
ROUNDING = 1e-24  # the variance that the rounding of logarithms makes by itself, amply


class Usual(NamedTuple):
    """The variance that is usual among the pairs, and how many degrees of freedom that knowledge is worth."""

    variance: float
    freedom: float  # inf where the pairs differ no more than chance makes them


def ranks(strategies: Mapping[Name, ByRound]) -> dict[Name, int]:
    """1 + the number of those that were shown to be faster than it, or than one that is at least as fast as it.

    The second half keeps a strategy that is slow and noisy from the place of the best, where nothing could be shown of
    it alone. A strategy is its rate in each round. Two are compared by the logarithm of their ratio in each block
    (`paired`); Holm's procedure over all pairs keeps the probability of a single wrong order at 5 % together.
    Strategies with a rate of zero or none in a round, or of a single block, are not ranked.
    """
    ranked = {
        name: rounds
        for name, rounds in strategies.items()
        if len({block for block, _ in rounds}) > 1 and all(rate > 0 for rate in rounds.values())
    }
    places = {name: place for place, name in enumerate(ranked)}
    slower_than = np.zeros((len(ranked), len(ranked)), bool)
    for quick, slow in shown(ranked):
        slower_than[places[slow], places[quick]] = True
    rates = np.array([geometric(list(by_block(rounds).values())).value for rounds in ranked.values()])
    behind = (rates >= rates[:, None]) @ slower_than  # whom each, or one at least as fast, was shown to be slower than
    np.fill_diagonal(behind, False)
    return dict(zip(ranked, (1 + behind.sum(axis=1)).tolist(), strict=True))


def shown(strategies: Mapping[Name, ByRound]) -> list[tuple[Name, Name]]:
    """The orders that were shown, each as the faster and the slower one; of rates above zero."""
    if len(strategies) < 2:
        return []
    pairs, logs = log_ratios(strategies)
    blocks, means, _ = moments(logs)
    (tested,) = (blocks > 1).nonzero()
    told = dict(zip(tested.tolist(), p_values(logs[tested], len(strategies)), strict=True))
    surest = holm(told, 1 - CONFIDENCE, len(pairs))
    return [pairs[place] if means[place] > 0 else pairs[place][::-1] for place in surest]


def p_values(pairs: Floats | Sequence[Floats], members: int) -> list[float]:
    """Of each pair of so many members, from its log ratios, a value a block: the two-sided moderated t test."""
    if not len(pairs):
        return []
    blocks, means, variances = moments(np.asarray(pairs))
    variances, freedom = squeezed(variances, (blocks - 1).astype(float), members)
    return list((2 * stdtr(freedom, -np.abs(means) / np.sqrt(variances / blocks))).tolist())


def squeezed(variances: Floats, freedom: Floats, members: int) -> tuple[Floats, Floats]:
    """Each pair's variance moved towards the usual one, and the degrees of freedom that it then has.

    The pairs of so many members share their blocks' noise: they are worth no more than members - 1 of them, so what
    the others tell of a pair counts members - 2 times as much as its own blocks, at most.
    """
    variances = np.maximum(variances, max(LEAST * float(np.median(variances)), ROUNDING))
    found = usual(variances, freedom, alike(members))
    known = min(found.freedom, (members - 2) * float(freedom.max()))
    return (known * found.variance + freedom * variances) / (known + freedom), known + freedom


def alike(members: int) -> float:
    """How far log variances of pairs of equal noise are correlated, in the mean of all pairs of so many members.

    The differences of two pairs with a member in common are correlated by a half, their variances by a quarter, and
    the logarithms of these by hardly less.
    """
    pairs = members * (members - 1) // 2
    return 0.25 * 2 * (members - 2) / (pairs - 1) if pairs > 1 else 0.0


def usual(variances: Floats, freedom: Floats, correlation: float = 0.0) -> Usual:
    """Fit a scaled F distribution to the variances, by the moments of their logarithms.

    What is correlated differs less by chance; without that, variances would seem more alike than they are.
    """
    if len(variances) < 2:
        return Usual(float(variances.mean()), 0.0)
    logs = np.log(variances) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = float(logs.var(ddof=1) - (1 - correlation) * polygamma(1, freedom / 2).mean())
    if excess <= 0:
        return Usual(float(np.exp(logs.mean())), float("inf"))
    half = inverse_trigamma(excess)
    return Usual(float(np.exp(logs.mean() + digamma(half) - np.log(half))), 2 * half)


def inverse_trigamma(value: float) -> float:
    """The argument at which the trigamma function has this value, by Newton's method (Smyth 2004, appendix)."""
    if value > 1e7:
        return float(value**-0.5)
    if value < 1e-6:
        return 1 / value
    at, step = 0.5 + 1 / value, -1.0
    while -step > 1e-8 * at:
        trigamma = float(polygamma(1, at))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, at))
        at += step
    return at
