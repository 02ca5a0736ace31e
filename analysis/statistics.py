"""Means, intervals, tests and percentiles, as pure functions.

Blocks are what repeats: windows of one block share their server processes and are no independent
witnesses. Whatever has a 95 % interval here has it from one number per block; only the one that the order of
single requests gives (`order_statistics`) takes them for independent, and is never used alone.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from itertools import takewhile
from math import exp, inf, isfinite, log, sqrt
from statistics import median
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.special import bdtr, bdtrik, stdtr, stdtrit

CONFIDENCE = 0.95
BEYOND = 10  # a percentile is printed if at least that many requests lie beyond it

NAN = float("nan")
ByRound = Mapping[tuple[int, int], float]  # a strategy's figure in each (block, round): that of one window
Name = TypeVar("Name", bound=Hashable)


class Estimate(NamedTuple):
    """A figure with its interval; NaN where the data do not give it."""

    value: float
    low: float
    high: float


UNKNOWN = Estimate(NAN, NAN, NAN)


def block_means(blocks: Iterable[int], values: Iterable[float]) -> dict[int, float]:
    """The arithmetic mean of the windows' values in each block."""
    grouped: dict[int, list[float]] = {}
    for block, value in zip(blocks, values, strict=True):
        grouped.setdefault(int(block), []).append(float(value))
    return {block: sum(group) / len(group) for block, group in sorted(grouped.items())}


def by_block(rounds: ByRound) -> dict[int, float]:
    """The arithmetic mean of a strategy's windows in each block."""
    return block_means((block for block, _ in rounds), rounds.values())


@cache
def t_quantile(count: int, probability: float = 0.5 + CONFIDENCE / 2) -> float:
    """Student's t for a mean of so many values, in standard errors, that is not exceeded with that probability.

    By default this is how far a 95 % interval reaches to either side.
    """
    return float(stdtrit(count - 1, probability))


def half_width(values: Sequence[float]) -> float:
    """Half the width of the t interval of a mean, in the unit of the values; NaN for fewer than two."""
    if len(values) < 2:
        return NAN
    return t_quantile(len(values)) * deviation(values) / len(values) ** 0.5


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample of two at least. Of a few values numpy takes longer to begin than to end."""
    middle = sum(values) / len(values)
    return sqrt(sum((value - middle) ** 2 for value in values) / (len(values) - 1))


def geometric(values: Sequence[float], widened: float = 1.0) -> Estimate:
    """Geometric mean over blocks with its t interval on the log scale.

    Throughput varies in proportion, so the log is the scale on which it is symmetric. Zero has no log:
    with a block at zero the value is the plain mean, without an interval. `widened` is the factor on the
    interval's half-width.
    """
    if not len(values):
        return UNKNOWN
    if min(values) <= 0:
        return Estimate(float(np.mean(values)), NAN, NAN)
    return around(exp(sum(map(log, values)) / len(values)), values, widened)


def plain(values: Sequence[float], widened: float = 1.0) -> Estimate:
    """Arithmetic mean over the blocks that have the figure, with its t interval: of what may be zero, or below."""
    known = [value for value in values if value == value]
    if not known:
        return UNKNOWN
    middle, half = sum(known) / len(known), widened * half_width(known)
    return Estimate(middle, middle - half, middle + half)


def around(pooled: float, values: Sequence[float], widened: float = 1.0) -> Estimate:
    """A figure taken from all blocks together, with the interval that its blocks' own values spread.

    For percentiles and quotients, where the figure of all is better than the mean of the blocks' figures. There is no
    interval where a block has no figure: it is missing where a block was worst, and to leave that out would narrow it.
    """
    if not pooled > 0 or not len(values) or not all(value > 0 for value in values):
        return Estimate(pooled, NAN, NAN)
    factor = exp(widened * half_width(list(map(log, values))))
    return Estimate(pooled, pooled / factor, pooled * factor)


def paired(one: ByRound, other: ByRound) -> dict[int, float]:
    """The ratio of two strategies in each block: the median of the ratios of its rounds.

    Windows of a round are neighbours in time, so what the machine does to both cancels. What it does to one of
    them alone makes an outlier, in either direction, and a median is not moved by it. A round that only one of them
    has is left out; where they share none in a block, as they were in different waves, it is the ratio of their
    medians there. A block has no ratio (NaN) where a round has no figure, or the median is zero or has no bound.
    """
    shared: dict[int, list[float]] = {}
    for place, value in one.items():
        if place in other:
            shared.setdefault(place[0], []).append(_log_ratio(value, other[place]))
    for block in ({block for block, _ in one} & {block for block, _ in other}) - shared.keys():
        shared[block] = [_middle(one, block) - _middle(other, block)]
    medians = {
        block: median(logs) if all(one == one for one in logs) else NAN for block, logs in sorted(shared.items())
    }
    return {block: exp(middle) if isfinite(middle) else NAN for block, middle in medians.items()}


def _middle(rounds: ByRound, block: int) -> float:
    """The logarithm's median in a block; NaN where a round has no figure."""
    logs = [_log_ratio(value, 1.0) for (of, _), value in rounds.items() if of == block]
    return median(logs) if all(one == one for one in logs) else NAN


def _log_ratio(value: float, by: float) -> float:
    """Without a bound where one of them is zero; NaN where both are, or one is no number."""
    if value > 0 and by > 0:
        return log(value / by)
    if value == by or value != value or by != by:
        return NAN
    return -inf if value == 0 else inf


def ratio(one: ByRound, other: ByRound) -> Estimate:
    """Ratio of two strategies over the blocks that both have: the geometric mean of `paired`."""
    ratios = list(paired(one, other).values())
    return UNKNOWN if any(value != value for value in ratios) else geometric(ratios)


def wider(one: Estimate, other: Estimate) -> Estimate:
    """The first one's value with whichever ends lie further out; no interval unless both have one."""
    return Estimate(one.value, float(np.minimum(one.low, other.low)), float(np.maximum(one.high, other.high)))


# --- tests -------------------------------------------------------------------------------------------


def holm(p_values: Mapping[Name, float], error: float, family: int = 0) -> list[Name]:
    """What Holm's procedure calls different from zero, surest first; one false among them with at most that error.

    `family` is the number of all that were tested, where it is more than those given. NaN is never shown.
    """
    ranked = sorted((name for name in p_values if p_values[name] == p_values[name]), key=lambda name: p_values[name])
    family = max(family, len(p_values))
    shown = takewhile(lambda place: p_values[ranked[place]] <= error / (family - place), range(len(ranked)))
    return [ranked[place] for place in shown]  # the first that is not shown ends it


def p_value(logs: Sequence[float]) -> float:
    """The p value of a mean's distance from zero: the two-sided t test of one value per block, two at least."""
    centre, error = float(np.mean(logs)), float(np.std(logs, ddof=1)) / len(logs) ** 0.5
    if not error:
        return 0.0 if centre else 1.0
    return 2 * float(stdtr(len(logs) - 1, -abs(centre) / error))


# --- percentiles -------------------------------------------------------------------------------------


def supported(count: int, percent: float) -> bool:
    """Whether so many samples have enough of them beyond the percentile: 1,000 for p99, 10,000 for p99.9."""
    return round(count * (100 - percent) / 100, 6) >= BEYOND


def order_statistics(count: int, percent: float) -> tuple[int, int]:
    """Ranks (from 1) of the two values of a sorted sample between which the percentile lies, at 95 %.

    How many of a sample lie below the true percentile is binomial, whatever its distribution. 0 and count + 1
    stand for no bound.
    """
    share, tail = percent / 100, (1 - CONFIDENCE) / 2
    return _binomial_quantile(tail, count, share), _binomial_quantile(1 - tail, count, share) + 1


def _binomial_quantile(probability: float, count: int, share: float) -> int:
    """The smallest number that a binomial variable does not exceed with this probability."""
    found = max(0, int(np.ceil(bdtrik(probability, count, share))))
    return found - 1 if found and bdtr(found - 1, count, share) >= probability else found
