"""Cost and latency of strategies at the same offered rate: what a saturated server hides."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from analysis import units
from analysis.doubts import touching
from analysis.records.points import by_group, member, title
from analysis.records.reading import Results

COST, LATENCY = "server_cpu_us_per_request", "mean_us"
BUSY_SHARE = "server_cpu_share"


@dataclass(frozen=True)
class Row:
    """A strategy at a rate, in words."""

    name: str
    cost: str  # with its interval; with a ? where it is doubtful
    latency: str
    busy: str  # share of the servers' CPUs
    value: float  # of the cost, by which rows are sorted; infinite where there is none


@dataclass(frozen=True)
class Rate:
    """All strategies that were asked at one rate, the cheapest first."""

    name: str
    rows: list[Row]


def rates(results: Results, cells: pd.DataFrame) -> Iterator[Rate]:
    """Each rate of an open loop at which two strategies and more were measured."""
    measured = cells[(cells["load"] == "open") & cells["windows"].notna()]
    if measured.empty:
        return
    for group in by_group(measured):
        if len(group) > 1:
            rows = sorted((_row(cell) for _, cell in group.iterrows()), key=lambda row: row.value)
            yield Rate(title(group, results.usual), rows)


def sentence(rate: Rate) -> str:
    """What the cheapest and the dearest pay; empty where one of them isn't known."""
    told = [row for row in rate.rows if row.value < float("inf")]
    if len(told) < 2:
        return ""
    first, last = told[0], told[-1]
    return f"{rate.name}: from {first.cost} ({first.name}) to {last.cost} ({last.name}) of CPU time a request."


def _row(cell: pd.Series) -> Row:
    known = pd.notna(cell[COST])
    share = cell[BUSY_SHARE]
    return Row(member(cell), _said(cell, COST), _said(cell, LATENCY), "-" if pd.isna(share) else units.share(share),
               float(cell[COST]) if known else float("inf"))  # fmt: skip


def _said(cell: pd.Series, name: str) -> str:
    value, low, high = (cell[name + end] for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "-"
    mark = "?" * bool(touching(cell, name))
    interval = "" if pd.isna(low) else f" ({units.duration(low)} to {units.duration(high)})"
    return units.duration(value) + mark + interval
