"""Histograms of windows.jsonl as numpy arrays: decoded quickly, added up without loss.

The library's own objects hold all 33,000 buckets of the loader's range. A window fills some hundreds of them, and a run
has thousands of windows: so the library fills the same buckets each time, and they are emptied again.
"""

import zlib
from binascii import a2b_base64
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from math import nan
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
from hdrh.codec import V2_COMPRESSION_COOKIE_BASE, V2_ENCODING_COOKIE_BASE, decode, get_cookie_base
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray


class Distribution(NamedTuple):
    """The values that occur (the highest of each bucket) in rising order, and how often each does."""

    values: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many values there are in all."""
        return int(self.counts.sum())


WRAPPER = Struct(">II")  # cookie, length of what is compressed
HEADER = Struct(">IIIIQQd")  # cookie, length, offset, digits, lowest and highest value, ratio
EMPTY = Distribution(np.array([], np.int64), np.array([], np.int64))
Weighed = tuple[NDArray[np.int64], NDArray[np.float64]]  # values, and how often each occurs times its part's factor


class Encoded(str):
    """The text of a histogram (HDR, V2, compressed, base64) that is decoded once, however many figures it goes into."""

    @cached_property
    def filled(self) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any], int]:
        """The highest value of every bucket, which buckets are filled, and how far, in few bytes each; and their total.

        Damage raises an exception of this module's or one of those that it stands on.
        """
        wrapped = a2b_base64(self)
        cookie, length = WRAPPER.unpack_from(wrapped)
        if get_cookie_base(cookie) != V2_COMPRESSION_COOKIE_BASE or length != len(wrapped) - WRAPPER.size:
            raise ValueError("no compressed histogram")
        content = zlib.decompress(wrapped[WRAPPER.size :])
        cookie, _, _, digits, lowest, highest, _ = HEADER.unpack_from(content)
        if get_cookie_base(cookie) != V2_ENCODING_COOKIE_BASE:
            raise ValueError("no histogram of version 2")
        tops, counts, address = _buckets(lowest, highest, digits)
        try:
            found = decode(content, HEADER.size, address, len(counts), counts.itemsize)
        except Exception:
            counts.fill(0)
            raise
        first, last = (found["min_nonzero_index"], found["max_nonzero_index"]) if found["total"] else (0, -1)
        own = counts[first : last + 1]
        (used,) = (own != 0).nonzero()  # of truth values it is found twice as quickly as of counts
        fill = own[used].astype(_narrow(found["total"]))
        own.fill(0)
        return tops, (used + first).astype(_narrow(len(tops))), fill, found["total"]

    @property
    def told(self) -> Distribution:
        """What it holds."""
        tops, used, fill, _ = self.filled
        return Distribution(tops[used], fill.astype(np.int64))

    @property
    def total(self) -> int:
        """How many values it holds."""
        return self.filled[3]

    @cached_property
    def sum(self) -> float:
        """All of them together, in the histogram's unit."""
        tops, used, fill, _ = self.filled
        return float(tops.take(used) @ fill.astype(float))


def decoded(text: str) -> Distribution:
    """What an encoded histogram holds. Damage raises what `filled` does."""
    return (text if isinstance(text, Encoded) else Encoded(text)).told


def present(encoded: Iterable[object]) -> list[Encoded]:
    """Those that there are: what is no text, or an empty one, is no histogram."""
    return [text if isinstance(text, Encoded) else Encoded(text) for text in encoded if isinstance(text, str) and text]


def merged(encoded: Iterable[object]) -> Distribution:
    """The sum of encoded histograms; what is no text stands for an empty one."""
    return added(text.told for text in present(encoded))


def count(encoded: Iterable[object]) -> int:
    """How many values encoded histograms hold together."""
    return sum(text.total for text in present(encoded))


def mean(encoded: Iterable[object]) -> float:
    """The arithmetic mean of what encoded histograms hold, in their unit; NaN if they are empty."""
    told = present(encoded)
    counted = sum(text.total for text in told)
    return sum(text.sum for text in told) / counted if counted else nan


def added(parts: Iterable[Distribution]) -> Distribution:
    """The sum of distributions."""
    told = [part for part in parts if len(part.values)]
    if len(told) < 2:
        return told[0] if told else EMPTY
    values, places = np.unique(np.concatenate([part.values for part in told]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, places, np.concatenate([part.counts for part in told]))
    return Distribution(values, counts)


def in_order(parts: Sequence[tuple[Encoded, float]]) -> Weighed:
    """The values of several in rising order; one that several have stands there as often."""
    values, places, weights = _beside(parts)
    order = places.argsort(kind="stable")  # of numbers of 16 bits that takes a fraction of what it does of others
    return values.take(places.take(order)), weights.take(order)


def poured(parts: Sequence[tuple[Encoded, float]]) -> Weighed:
    """The values of several in rising order, each once."""
    values, (weights,) = in_rows([parts])
    return values, weights


def in_rows(parts: Sequence[Sequence[tuple[Encoded, float]]]) -> Weighed:
    """The values of all in rising order, each once; and how often each occurs in each of these, a row each."""
    values, places, weights = _beside([one for part in parts for one in part])
    rows, end = np.empty((len(parts), len(values))), 0
    for row, part in zip(rows, parts, strict=True):
        begin, end = end, end + sum(len(text.filled[1]) for text, _ in part)
        row[:] = np.bincount(places[begin:end], weights[begin:end], len(values))
    return values, rows


def _beside(parts: Sequence[tuple[Encoded, float]]) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float64]]:
    """The values of several in rising order, each once; which of them each filled bucket is, and its weight."""
    if not parts:
        return EMPTY.values, EMPTY.counts, np.array([])
    ranges, used, fill, _ = zip(*(text.filled for text, _ in parts), strict=True)
    weights = np.concatenate([own * factor for own, (_, factor) in zip(fill, parts, strict=True)])
    tops = ranges[0]
    if all(own is tops for own in ranges):
        buckets = np.concatenate(used)
        is_filled = np.bincount(buckets) > 0
        (every,) = is_filled.nonzero()
        places = np.empty(len(is_filled), _narrow(len(is_filled)))
        places[every] = np.arange(len(every))
        return tops[every], places.take(buckets), weights
    values = np.concatenate([own[filled] for own, filled in zip(ranges, used, strict=True)])  # of different ranges
    return *np.unique(values, return_inverse=True), weights


def _narrow(most: int) -> type[np.uint16] | type[np.int64]:
    """A type of few bytes for numbers up to this; numpy's own answer takes longer than what it is asked for."""
    return np.uint16 if most < 1 << 16 else np.int64


@lru_cache(maxsize=4)
def _buckets(lowest: int, highest: int, digits: int) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Of all histograms of one range and precision the highest value of each bucket; empty ones, and their address."""
    like = HdrHistogram(lowest, highest, digits)
    half_bits, unit_bits = like.sub_bucket_half_count_magnitude, like.unit_magnitude
    # the library's own index arithmetic, for all indices at once: one by one it takes milliseconds
    index = np.arange(like.counts_len, dtype=np.int64)
    bucket = np.maximum((index >> half_bits) - 1, 0)
    sub_bucket = index - (bucket << half_bits)
    empty = np.zeros(like.counts_len, np.int64)
    return ((sub_bucket + 1) << (bucket + unit_bits)) - 1, empty, empty.ctypes.data
