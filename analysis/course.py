"""Whether a course over minutes stalls, rises or drifts: tests whose error rate is ERROR each, for a whole soak.

A stall. What is usual is the median of the seconds' slowest requests: in every other second one request or so is slower
than that by chance. A pause delays all requests that fall into it, so its second has many of them. That a second has as
many by chance follows from Poisson's law, with the mean of the seconds but for the tenth that has most, ln 2 at least;
the error is divided among all seconds. Requests that are slow together for another reason raise that mean.

A rise. Memory wanders: what it was a minute ago it is about still. So its steps from one part of the time to the next
are tested, by Student's t, and not its distance from a line. Growth that slows down, as a warm-up's, has unequal steps
and is no rise. The first fifth isn't looked at.

A drift. The logarithms of the parts' figures are held against a straight line over time, by the t test of its slope.
Parts are taken for independent: what the machine does for minutes on end can pass for a drift.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc, stdtr, stdtrit

from analysis.statistics import NAN, UNKNOWN, Estimate

ERROR = 0.01
PARTS = 10  # of the time that is looked at
WARM_UP = 0.2  # of the time, that isn't
USUAL_SLOW = log(2)  # requests of a second above the median of the seconds' slowest
BUSIEST = 0.1  # of the seconds, left out of what is usual
GRAIN = 4096  # bytes: a page, finer than which memory doesn't move
FEWEST_PARTS = 5
Floats = Sequence[float] | NDArray[np.float64]


class Trend(NamedTuple):
    """A change from the first part's middle to the last one's, with its 95 % interval, and how sure it is one."""

    change: Estimate
    p_value: float  # NaN where there are too few parts
    minutes: float = NAN  # that it took

    @property
    def is_shown(self) -> bool:
        return self.p_value < ERROR


UNTOLD = Trend(UNKNOWN, NAN)


def many_slow(slow: Sequence[int]) -> list[int]:
    """The seconds that have more slow requests than chance gives, by how many each has."""
    if not len(slow):
        return []
    ordered = sorted(slow)
    kept = ordered[: max(1, int(len(ordered) * (1 - BUSIEST)))]
    usual = max(USUAL_SLOW, sum(kept) / len(kept))
    # P(count >= k) is P(count > k - 1)
    return [place for place, count in enumerate(slow) if count and pdtrc(count - 1, usual) < ERROR / len(slow)]


def rise(at_s: Floats, values: Floats) -> Trend:
    """Whether a figure that wanders goes up, one-sided; the change is in its unit."""
    middles, means = _parts(at_s, values)
    if len(means) < FEWEST_PARTS:
        return UNTOLD
    steps = np.array([after - before for before, after in pairwise(means)])
    minutes = (middles[-1] - middles[0]) / 60
    freedom = len(steps) - 1
    error = max(float(np.std(steps, ddof=1)), GRAIN / 10) / len(steps) ** 0.5
    step = float(np.mean(steps))
    reach = float(stdtrit(freedom, 0.975)) * error
    change = Estimate(*(len(steps) * value for value in (step, step - reach, step + reach)))
    return Trend(change, float(stdtr(freedom, -step / error)), minutes)


def drift(at_s: Floats, values: Floats) -> Trend:
    """Whether a figure above zero goes up or down, two-sided; the change is a share."""
    positive = [(at, log(value)) for at, value in zip(at_s, values, strict=True) if value > 0]
    middles, means = _parts([at for at, _ in positive], [value for _, value in positive])
    if len(means) < FEWEST_PARTS:
        return UNTOLD
    x = np.array(middles) - np.mean(middles)
    y = np.array(means) - np.mean(means)
    slope = float(x @ y / (x @ x))
    freedom = len(means) - 2
    rest = float(((y - slope * x) ** 2).sum()) / freedom
    error = max((rest / float(x @ x)) ** 0.5, 1e-12)
    span = middles[-1] - middles[0]
    reach = float(stdtrit(freedom, 0.975)) * error
    change = Estimate(*(exp(span * value) - 1 for value in (slope, slope - reach, slope + reach)))
    return Trend(change, 2 * float(stdtr(freedom, -abs(slope) / error)), span / 60)


def _parts(at_s: Floats, values: Floats) -> tuple[list[float], list[float]]:
    """The middles and means of the parts of the time that is looked at; a part without values is left out."""
    if not len(at_s):
        return [], []
    at, told = np.asarray(at_s, float), np.asarray(values, float)
    begin, end = at[0] + WARM_UP * (at[-1] - at[0]), at[-1]
    looked = (at >= begin) & np.isfinite(told)
    edges = np.linspace(begin, end, PARTS + 1)
    part = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, PARTS - 1)
    own = [looked & (part == number) for number in range(PARTS)]
    return [float(at[one].mean()) for one in own if one.any()], [float(told[one].mean()) for one in own if one.any()]
