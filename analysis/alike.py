"""Percentiles of several blocks that weigh alike.

Fresh processes are the unit, so each block has the same say, however many requests it had. Where requests were poured
together a fast block outvoted a slow one: it had more of them just because it was fast.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.histograms import Encoded, Weighed, in_order, in_rows, poured
from analysis.statistics import NAN, UNKNOWN, Estimate, order_statistics, supported

ROUNDING = 1e-9  # of sums of weights


@dataclass(frozen=True)
class Block:
    """The latencies of a block, of all of its requests or of a sample."""

    windows: Sequence[tuple[Encoded, float]]  # each with how many requests a latency in it stands for
    open_: int = 0  # requests that are slower than any
    drawn: float = 1.0  # the share of the answered ones that was looked at

    @property
    def size(self) -> int:
        """How many requests, looked at each, would tell as much."""
        return round(self.weight * self.drawn)

    @cached_property
    def weight(self) -> float:
        """How many requests there were."""
        return sum(latencies.total * each for latencies, each in self.windows) + self.open_

    def poured(self) -> Weighed:
        """Its latencies in rising order, and how many requests each stands for."""
        return poured(self.windows)


def whole(windows: Iterable[Encoded], open_: int = 0) -> Block:
    """A block of windows of which each request was looked at."""
    return Block([(latencies, 1.0) for latencies in windows if latencies.total], open_)


def sampled(windows: Iterable[tuple[Encoded, float]], open_: int = 0) -> Block:
    """A block of windows, of each a sample and how many requests that stands for."""
    told = [(sample, answered) for sample, answered in windows if sample.total]
    looked_at, every = sum(sample.total for sample, _ in told), sum(answered for _, answered in told)
    return Block([(sample, answered / sample.total) for sample, answered in told], open_,
                 looked_at / every if every else 1.0)  # fmt: skip


class Alike:
    """Blocks poured together, each with a weight of 1 that its requests share."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = list(blocks)
        self._shares = [
            [(latencies, each / block.weight) for latencies, each in block.windows if block.weight]
            for block in self._blocks
        ]
        self.sizes: Sequence[int] = [block.size for block in self._blocks if block.weight]

    @property
    def count(self) -> int:
        """The requests of all blocks, those that were looked at."""
        return sum(self.sizes)

    @property
    def worth(self) -> int:
        """How many requests of the same weight would tell as much: all of them where blocks are of one size."""
        return int(len(self.sizes) ** 2 / sum(1 / size for size in self.sizes) + ROUNDING) if self.sizes else 0

    @cached_property
    def _of_each(self) -> Weighed:
        """The values, and the weight that each has in each block, a row a block."""
        return in_rows(self._shares)

    @cached_property
    def up_to(self) -> Weighed:
        """The values, and the weight of all that is no slower than each."""
        values, rows = self._of_each
        return values, np.cumsum(sum(rows, np.zeros(len(values))))

    @cached_property
    def up_to_of_each(self) -> Weighed:
        """The values, and the weight of all that is no slower than each in each block, a row a block."""
        values, rows = self._of_each
        return values, np.cumsum(rows, axis=1)

    def steps(self) -> Weighed:
        """The values, and the weight up to each, with a step for each window that has a value."""
        values, weights = in_order([one for shares in self._shares for one in shares])
        return values, np.cumsum(weights)

    def means(self) -> list[float]:
        """The mean of what each block was answered; NaN of one without an answer."""
        values, rows = self._of_each
        with np.errstate(invalid="ignore"):
            return list((rows @ values.astype(float) / rows.sum(axis=1)).tolist())

    def percentiles(self, percent: float) -> list[float]:
        """Each block's own percentile."""
        values, up_to = self.up_to_of_each
        return [
            _value_at(values, own, percent / 100) if supported(block.size, percent) else NAN
            for block, own in zip(self._blocks, up_to, strict=True)
        ]

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
        return _value_at(*self.up_to, share * len(self.sizes)) if 0 < share <= 1 else NAN


def _value_at(values: NDArray[np.int64], up_to: NDArray[np.float64], weight: float) -> float:
    """The value up to which this weight lies; NaN where that is among what was never answered."""
    if not len(values) or weight > up_to[-1] + ROUNDING:
        return NAN
    return float(values[up_to.searchsorted(weight - ROUNDING)])
