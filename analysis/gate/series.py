"""A run as the gate sees it: for each figure of each cell, one log ratio of head to base per block.

The ratio of a block is the median of its rounds' (statistics.paired): base and head are measured one right after the
other, so that a median of pairs is moved neither by what both met nor by what hit one of them alone. Percentiles are
those of a whole block.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.alike import Alike
from analysis.judging.cells import by_round, prices_of, rates_of
from analysis.judging.costs import quotient
from analysis.judging.latencies import block_histograms, sorted_blocks
from analysis.judging.unasked import charged
from analysis.records.points import CELL_KEYS, POINT
from analysis.records.reading import Results
from analysis.statistics import NAN, ByRound, paired


class Cell(NamedTuple):
    """What is compared: base and head of a strategy at a point."""

    strategy: str
    point: tuple[Any, ...]  # the values of POINT

    @classmethod
    def of(cls, line: pd.Series) -> "Cell":
        """From a line of cells.csv, or a record."""
        return cls(str(line["strategy"]), tuple(line[name] for name in POINT))

    @property
    def values(self) -> dict[str, Any]:
        return dict(zip(POINT, self.point, strict=True))


@dataclass(frozen=True)
class Metric:
    """A figure that base and head are compared by."""

    name: str
    column: str  # of cells.csv
    unit: str
    more_is_worse: bool
    decides: bool  # or is reported alone
    rounds: Callable[[pd.DataFrame], ByRound] | None  # None: known of a whole block at most


def _throughput(windows: pd.DataFrame) -> ByRound:
    return by_round(windows, rates_of(windows))


def _server_cpu(windows: pd.DataFrame) -> ByRound:
    return by_round(windows, prices_of(windows))


def _percentile(percent: float) -> Callable[[pd.DataFrame], ByRound]:
    """Of each block: single windows may have too few requests for it, and a stall in one of them is to show."""

    def rounds(windows: pd.DataFrame) -> ByRound:
        of_blocks = Alike(block_histograms(windows, "latency_hdr", "unfinished")).percentiles(percent)
        return {(block, 0): own for block, own in zip(sorted_blocks(windows), of_blocks, strict=True)}

    return rounds


METRICS = (
    Metric("throughput", "throughput_rps", "req/s", False, True, _throughput),
    Metric("server CPU", "server_cpu_us_per_request", "µs", True, True, _server_cpu),
    Metric("p99", "p99_us", "µs", True, True, _percentile(99)),
    Metric("p50", "p50_us", "µs", True, False, _percentile(50)),
    Metric("context switches", "voluntary_switches_per_request", "per request", True, False, None),
    Metric("memory", "memory_mib", "MiB", True, False, None),
)


def losses(metric: Metric, base: pd.DataFrame, head: pd.DataFrame) -> dict[int, float]:
    """The loss in each block of both, on the log scale; positive where head is worse, NaN where nothing tells."""
    if metric.rounds is None:
        return {}
    worse = 1 if metric.more_is_worse else -1
    ratios = paired(metric.rounds(head), metric.rounds(base))
    return {block: worse * float(np.log(ratio)) for block, ratio in ratios.items()}


def cells(results: Results) -> dict[Cell, dict[str, pd.DataFrame]]:
    """The windows of each cell by variant, in the order of their appearance."""
    found: dict[Cell, dict[str, pd.DataFrame]] = {}
    for key, part in charged(results).windows.groupby(CELL_KEYS, sort=False):
        found.setdefault(Cell(str(key[0]), tuple(key[2:])), {})[str(key[1])] = part
    return found


def change(base: float, head: float) -> float:
    """As a share of the base."""
    return quotient(head, base) - 1 if base == base and head == head else NAN
