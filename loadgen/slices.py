"""What became of a window's requests in each slice of it, by the instants at which they were meant to start.

A window's own figures are of all of it; where it lasts for long, a pause of the server's shows in its slice.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen import histogram
from loadgen.log import Log

Slice = dict[str, Any]  # counts, and histograms of nanoseconds


def of(log: Log, planned_ns: NDArray[np.int64], from_ns: int, to_ns: int, slice_s: float) -> list[Slice]:
    """Of the part between these instants, whose requests were planned then: whole slices, in their order."""
    answered, took, delayed = log.replies()
    asked, late, arrived, _, _ = log.sample()
    begun, meant = answered - took - delayed, asked - late
    service = np.maximum(arrived - asked, 0)  # a clock that is set may put the stamp before the send
    edges = np.arange(from_ns, to_ns + 1, int(slice_s * 1e9))
    found = []
    for first, last in pairwise(edges.tolist()):
        own = (meant >= first) & (meant < last)
        found.append(
            {
                "offered": _between(planned_ns, first, last),
                "answered": _between(begun, first, last),
                "latency_hdr": histogram.encode(service[own] + late[own]),
                "service_max_ns": int(service[own].max()) if own.any() else 0,
            }
        )
    return found


def merge(parts: Sequence[list[Slice] | None]) -> list[Slice] | None:
    """The slices of several workers as one worker's."""
    told = [part for part in parts if part is not None]
    if not told:
        return None
    return [
        {
            "offered": sum(one["offered"] for one in same),
            "answered": sum(one["answered"] for one in same),
            "latency_hdr": histogram.merge([one["latency_hdr"] for one in same]),
            "service_max_ns": max(one["service_max_ns"] for one in same),
        }
        for same in zip(*told, strict=True)
    ]


def _between(instants: NDArray[np.int64], from_ns: int, to_ns: int) -> int:
    return int(np.count_nonzero((instants >= from_ns) & (instants < to_ns)))
