"""Percentiles of several blocks that weigh alike.

Fresh processes are the unit, so each block has the same say, however many requests it had. Where requests were poured
together a fast block outvoted a slow one: it had more of them just because it was fast.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from analysis.statistics import NAN, UNKNOWN, Estimate, distribution, order_statistics, supported

ROUNDING = 1e-9  # of sums of weights
Block = tuple[HdrHistogram, int]  # latencies, and requests that are slower than any of them


class Alike:
    """Blocks poured together, each with a weight of 1 that its requests share."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        told = [(*distribution(histogram), open_) for histogram, open_ in blocks]
        self.sizes: Sequence[int] = [size for _, counts, open_ in told if (size := int(counts.sum()) + open_)]
        shares = [(values, counts / (counts.sum() + open_)) for values, counts, open_ in told if len(values)]
        self.values: NDArray[np.int64] = np.unique(np.concatenate([values for values, _ in shares] or [np.array([])]))
        weights = np.zeros(len(self.values))
        for values, share in shares:
            weights[np.searchsorted(self.values, values)] += share
        self.up_to: NDArray[np.float64] = np.cumsum(weights)  # the weight of all that is no slower

    @property
    def count(self) -> int:
        """The requests of all blocks."""
        return sum(self.sizes)

    @property
    def worth(self) -> int:
        """How many requests of the same weight would tell as much: all of them where blocks are of one size."""
        return int(len(self.sizes) ** 2 / sum(1 / size for size in self.sizes) + ROUNDING) if self.sizes else 0

    def percentile(self, percent: float) -> float:
        """What `percent` of the weight does not exceed; NaN if too few requests support it, or none was answered."""
        return self._at(percent / 100) if supported(self.count, percent) else NAN

    def interval(self, percent: float) -> Estimate:
        """The percentile between two order statistics, which takes requests for independent: its least width."""
        value = self.percentile(percent)
        if value != value:
            return UNKNOWN
        low, high = order_statistics(self.worth, percent)
        return Estimate(value, self._at(low / self.worth), self._at(high / self.worth))

    def _at(self, share: float) -> float:
        """The value up to which this share of the weight lies; NaN where that is among what was never answered."""
        weight = share * len(self.sizes)
        if not 0 < share <= 1 or not len(self.values) or weight > self.up_to[-1] + ROUNDING:
            return NAN
        return float(self.values[np.searchsorted(self.up_to, weight - ROUNDING)])
