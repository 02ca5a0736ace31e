"""Means, intervals and percentiles, as pure functions.

Blocks are what repeats: windows of one block share their server processes and are no independent
witnesses. Whatever has a 95 % interval here has it from one number per block.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray
from scipy.special import stdtrit

CONFIDENCE = 0.95
BEYOND = 10  # a percentile is printed if at least that many requests lie beyond it

NAN = float("nan")


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


def spread(values: Sequence[float]) -> float:
    """Half the width of the t interval of a mean, in the unit of the values; NaN for fewer than two."""
    if len(values) < 2:
        return NAN
    t = float(stdtrit(len(values) - 1, 0.5 + CONFIDENCE / 2))
    return t * float(np.std(values, ddof=1)) / len(values) ** 0.5


def geometric(values: Sequence[float]) -> Estimate:
    """Geometric mean over blocks with its t interval on the log scale.

    Throughput varies in proportion, so the log is the scale on which it is symmetric. Zero has no log:
    with a block at zero the value is the plain mean, without an interval.
    """
    if not len(values):
        return UNKNOWN
    if min(values) <= 0:
        return Estimate(float(np.mean(values)), NAN, NAN)
    logs = np.log(values)
    return around(float(np.exp(logs.mean())), values)


def around(pooled: float, values: Sequence[float]) -> Estimate:
    """A figure taken from all blocks together, with the interval that its blocks' own values spread.

    For percentiles and quotients, where the pooled figure is better than the mean of the blocks' figures.
    Blocks whose figure is NaN are left out.
    """
    known = [value for value in values if value == value]
    if not pooled > 0 or not known or min(known) <= 0:
        return Estimate(pooled, NAN, NAN)
    factor = float(np.exp(spread(np.log(known).tolist())))
    return Estimate(pooled, pooled / factor, pooled * factor)


def ratio(blocks: Mapping[int, float], reference: Mapping[int, float]) -> Estimate:
    """Ratio to a reference within the blocks that both have: what a block does to both cancels."""
    shared = [block for block in blocks if block in reference]
    if not shared or any(blocks[block] <= 0 or reference[block] <= 0 for block in shared):
        return UNKNOWN
    return geometric([blocks[block] / reference[block] for block in shared])


def merged(encoded: Iterable[object]) -> HdrHistogram:
    """The sum of encoded histograms, without loss; what is no text stands for an empty one."""
    total = HdrHistogram(1, 3_600_000_000_000, 3)  # the loader's range
    for text in encoded:
        if isinstance(text, str) and text:
            total.decode_and_add(text)
    return total


def supported(count: int, percent: float) -> bool:
    """Whether so many samples have enough of them beyond the percentile: 1,000 for p99, 10,000 for p99.9."""
    return round(count * (100 - percent) / 100, 6) >= BEYOND


def percentile(histogram: HdrHistogram, percent: float, censored: int = 0) -> float:
    """The latency that `percent` of the requests do not exceed, in the histogram's unit.

    `censored` requests were still open when their window ended: slower than any answer, by an unknown
    amount. NaN if the sample does not support the percentile, or if it lies among them.
    """
    answered = histogram.get_total_count()
    if not supported(answered + censored, percent):
        return NAN
    rank = max(1, int(np.ceil(round(percent / 100 * (answered + censored), 6))))
    if rank > answered:
        return NAN
    values, counts = distribution(histogram)
    return float(values[np.searchsorted(np.cumsum(counts), rank)])


def distribution(histogram: HdrHistogram) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The recorded values (highest of each bucket) in rising order and how often each occurred."""
    counts = np.frombuffer(histogram.counts, dtype=np.uint64)
    used = np.flatnonzero(counts)
    values = _bucket_tops(histogram.counts_len, histogram.sub_bucket_half_count_magnitude, histogram.unit_magnitude)
    return values[used], counts[used].astype(np.int64)


@lru_cache(maxsize=4)
def _bucket_tops(length: int, half_bits: int, unit_bits: int) -> NDArray[np.int64]:
    # the library's own index arithmetic, for all indices at once: one by one it takes milliseconds
    index = np.arange(length, dtype=np.int64)
    bucket = np.maximum((index >> half_bits) - 1, 0)
    sub_bucket = index - (bucket << half_bits)
    return ((sub_bucket + 1) << (bucket + unit_bits)) - 1
