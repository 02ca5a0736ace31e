"""Where one strategy passes another along an axis, and how sure that is.

Both are measured at several values of the axis in the same rounds, so each block gives a curve of its own: the
logarithm of their ratio at each value. Between the values it is taken to be smooth on a logarithmic axis: a cubic
spline through them. How far that is from straight lines is allowed for, as nobody measured there. The
crossover is where the mean of the blocks' curves is zero. Its interval is all between the first and the last
place where zero lies within the curve's own 95 % interval: where a test wouldn't tell the two apart. Such an interval
may have no end on a side, where the two can't be told apart at the last value that was measured.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.statistics import NAN, ByRound, paired, t_quantile

Floats = NDArray[np.float64]
STEPS = 200  # between two neighbouring values: the ends of an interval are known that well


class Crossover(NamedTuple):
    """At `value` of the axis the second of two passes the first; beyond it that is ahead.

    NaN: it doesn't, within the values that were measured. `low` is 0 and `high` infinite where an interval has no end
    on that side.
    """

    value: float
    low: float
    high: float

    @property
    def is_told(self) -> bool:
        """Whether there is one, and an end of its interval: else the two can't be told apart anywhere."""
        return self.value == self.value and (self.low > 0 or self.high < float("inf"))


NONE = Crossover(NAN, NAN, NAN)


def crossover(first: Mapping[float, ByRound], second: Mapping[float, ByRound]) -> Crossover:
    """Where the second passes the first for good: each is its rate in each round at each value of the axis."""
    values, curves = _curves(first, second)
    return crossing(values, curves)


def crossing(values: Sequence[float] | Floats, curves: Floats) -> Crossover:
    """Of curves, a row a block with a logarithm at each of these rising values: where their mean rises through zero."""
    blocks = len(curves)
    if blocks < 2 or len(values) < 2:
        return NONE
    from scipy.interpolate import make_interp_spline  # which takes a fifth of a second, and few runs need it

    places = np.log(np.asarray(values, dtype=float))
    fine = np.unique(np.concatenate([np.linspace(*pair, STEPS + 1) for pair in pairwise(places)]))
    between = make_interp_spline(places, curves, k=min(3, len(values) - 1), axis=1)(fine)
    mean = between.mean(axis=0)
    rising = np.flatnonzero((mean[:-1] < 0) & (mean[1:] >= 0))
    if not len(rising) or mean[-1] < 0:  # it falls behind again
        return NONE
    last = int(rising[-1])
    share = mean[last] / (mean[last] - mean[last + 1])
    at = fine[last] + share * (fine[last + 1] - fine[last])
    half = t_quantile(blocks) * between.std(axis=0, ddof=1) / blocks**0.5
    bent = np.abs(mean - np.interp(fine, places, curves.mean(axis=0)))
    equal = np.flatnonzero(np.abs(mean) <= half + bent)
    low, high = (fine[equal[0]], fine[equal[-1]]) if len(equal) else (at, at)
    return Crossover(
        float(np.exp(at)),
        0.0 if low == fine[0] else float(np.exp(min(low, at))),
        float("inf") if high == fine[-1] else float(np.exp(max(high, at))),
    )


def _curves(first: Mapping[float, ByRound], second: Mapping[float, ByRound]) -> tuple[Floats, Floats]:
    """The values that both have, rising, and the logarithms of second by first: a row a block that has them all."""
    values = sorted(set(first) & set(second))
    ratios = [paired(second[value], first[value]) for value in values]
    blocks = sorted(set.intersection(*map(set, ratios))) if ratios else []
    rows = [[ratio[block] for ratio in ratios] for block in blocks]
    logs = np.log(np.array(rows, dtype=float)).reshape(len(blocks), len(values))
    return np.array(values, dtype=float), logs[np.isfinite(logs).all(axis=1)]
