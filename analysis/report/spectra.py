"""The latency spectrum of each point: from the median to where the data end, on a logarithmic scale of percentiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis import units
from analysis.doubts import in_full, touching
from analysis.drawing.selection import is_hollow, selections
from analysis.judging.latencies import tail
from analysis.judging.served import served
from analysis.records.columns import Columns
from analysis.records.points import POINT, Row, as_rows, key_of, label, title
from analysis.records.reading import Results
from analysis.report import specs
from analysis.report.entries import Entry
from analysis.report.specs import Spec

PERCENTILES = {2.0: "p50", 10.0: "p90", 100.0: "p99", 1e3: "p99.9", 1e4: "p99.99", 1e5: "p99.999", 1e6: "p99.9999"}
A_DECADE = 10  # points of a line between p90 and p99


class Line(NamedTuple):
    """A strategy's latencies."""

    s: str
    h: bool  # hollow
    w: str  # the end in words
    d: str  # its doubts
    points: list[tuple[float, float]]  # one in how many requests is slower, and than what (µs)


@dataclass
class Spectrum:
    """The latencies of all strategies at a point."""

    id: str
    name: str
    lines: list[Line]

    @property
    def description(self) -> str:
        """The same in words, for who can't see it."""
        return f"Latency spectrum, {self.name}. " + " ".join(f"{line.s}: {line.w}." for line in self.lines)

    def rows(self) -> list[dict[str, Any]]:
        """Its points as charts have them; the page makes them alike."""
        return [
            {"s": line.s, "at": share, "y": took, "l": place == len(line.points) - 1, "h": line.h, "w": line.w,
             "f": units.duration(took), "d": line.d,
             "p": f"1 in {units.short(share)} is slower", "low": None, "high": None, "b": "none"}
            for line in self.lines for place, (share, took) in enumerate(line.points)
        ]  # fmt: skip


def spectra(results: Results, cells: pd.DataFrame) -> Iterator[Spectrum]:
    """A spectrum for each point that was measured."""
    measured = cells[cells["windows"].notna()]
    for number, (_, part) in enumerate(measured.groupby(POINT, sort=False)):
        lines = [_line(cell, results.by_cell[key_of(cell)], results) for cell in as_rows(part)]
        lines = [line for line in lines if line.points]
        if lines:
            yield Spectrum(str(number), title(part, results.usual), lines)


def typical(tails: Sequence[Spectrum], results: Results, cells: pd.DataFrame) -> Spectrum | None:
    """The one that is shown first: that of the most typical point."""
    for _, selection in selections(results, cells, "closed"):
        name = title(selection.typical().cells, results.usual)
        return next((one for one in tails if one.name == name), None)
    return tails[0] if tails else None


def spec(rows: Sequence[dict[str, Any]], everyone: Sequence[Entry], last: float) -> Spec:
    """The chart of a spectrum; `last` is where its axis ends."""
    ticks = {share: name for share, name in PERCENTILES.items() if share <= last}
    axis = specs.Axis("percentile: each to the right leaves a tenth of the requests", ticks, (1.9, last * 1.1))
    return specs.along(rows, everyone, axis, "time from request to reply", "duration", True, at=list(PERCENTILES))


def _line(cell: Row, windows: Columns, results: Results) -> Line:
    """Some points of a cell's tail: as many in each decade, the percentiles that have a name, and the last."""
    one_in, latency = tail(windows, results.p99_multiple(cell["load"]))
    points: list[tuple[float, float]] = []
    if len(one_in):
        decades = log10(one_in[-1]) - log10(one_in[0])
        even = np.logspace(log10(one_in[0]), log10(one_in[-1]), max(2, round(decades * A_DECADE)))
        named = [share for share in PERCENTILES if one_in[0] <= share <= one_in[-1]]
        shares = sorted({*even.tolist(), *named})
        took_us = np.interp(shares, one_in, latency)
        points = [(float(f"{share:.4g}"), float(f"{took:.4g}")) for share, took in zip(shares, took_us, strict=True)]
    words = ""
    if points:
        share, took = points[-1]
        words = f"{served(cell)} served" if served(cell) else f"{units.duration(took)}, 1 in {units.short(share)}"
    doubts = in_full(touching(cell, "p99_us")) or "nothing"
    return Line(label(cell), is_hollow(cell, "p99_us"), words, doubts, points)
