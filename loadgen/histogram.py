"""Times in nanoseconds, in bulk, into HDR histograms that merge without loss."""

from collections.abc import Sequence

import numpy as np
from hdrh.histogram import HdrHistogram

LOWEST_NS = 1
HIGHEST_NS = 3_600 * 10**9
DIGITS = 3
_BITS = 10  # a value keeps its 11 leading bits in a histogram of three digits


def encode(times_ns: "np.ndarray | Sequence[int]") -> str | None:
    """The standard encoding (V2, compressed, base64), or None of nothing.

    Values are brought to their bucket by numpy first: the library then sees each bucket once, with its count.
    """
    times = np.clip(np.asarray(times_ns, dtype=np.int64), LOWEST_NS, HIGHEST_NS)
    if not times.size:
        return None
    shift = np.maximum(np.frexp(times.astype(np.float64))[1] - 1 - _BITS, 0)
    buckets, counts = np.unique(times >> shift << shift, return_counts=True)
    histogram = _empty()
    for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True):
        histogram.record_value(bucket, count)
    return histogram.encode().decode()


def rounded_ms(times_ns: np.ndarray) -> np.ndarray:
    """Milliseconds, to three significant digits: for those who count by value, and read the values."""
    times = np.maximum(times_ns, 1)
    step = 10 ** np.maximum(np.floor(np.log10(times)).astype(np.int64) + 1 - DIGITS, 0)
    return (times + step // 2) // step * step / 1e6


def merge(encoded: Sequence[str | None]) -> str | None:
    """One histogram of several workers' histograms."""
    present = [one for one in encoded if one is not None]
    if len(present) < 2:
        return present[0] if present else None
    histogram = _empty()
    for one in present:
        histogram.decode_and_add(one)
    return histogram.encode().decode()


def count(encoded: str | None) -> int:
    """How many values it has."""
    return int(HdrHistogram.decode(encoded).get_total_count()) if encoded else 0


def value_at(encoded: str | None, percentile: float) -> int:
    """Nanoseconds at a percentile; 0 of nothing."""
    return int(HdrHistogram.decode(encoded).get_value_at_percentile(percentile)) if encoded else 0


def _empty() -> HdrHistogram:
    return HdrHistogram(LOWEST_NS, HIGHEST_NS, DIGITS)
