"""Who lets polite clients wait for unkind ones: their p99 beside a company by that without, and what a request costs.

Both are of servers that were visited in the same rounds, so that a ratio is that of neighbours in time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

import axes
from analysis.doubts import Doubt, touching
from analysis.judging.served import is_starved
from analysis.records.points import POINT, Row, as_rows, label
from analysis.statistics import Estimate
from axes import ALONG, AXES

BESIDE = tuple(axis.name for axis in axes.on("company"))
(SIZE,) = (axis.name for axis in axes.on("company") if axis.of)
LONG, LASTS = "long request", "handler_us"  # of one client, again and again, and how long its handler takes
VARIED = (*BESIDE, "handler", LASTS, "handler_of")  # what may differ among the columns
UNSERVED = ("errors", "starvation")
P99, CPU = "p99_ratio", "server_cpu_ratio"
FIGURES = {P99: "p99_us", CPU: "server_cpu_us_per_request"}  # each with what it is the ratio of
Kind = tuple[str, int]  # who, and how many; of a long request its microseconds


@dataclass(frozen=True)
class Square:
    """Of a strategy and a kind of company."""

    ratio: Estimate  # NaN where there is none
    value_us: float  # what it is the ratio of
    doubts: tuple[Doubt, ...]  # about either side
    why_not: str  # there is none, in words

    @property
    def is_shown(self) -> bool:
        """Whether the two are told apart."""
        return not self.why_not and (self.ratio.low > 1 or self.ratio.high < 1)


@dataclass(frozen=True)
class Unkindness:
    """All that differs in strategy and company alone, or in how long a request of one client is."""

    cells: pd.DataFrame
    kinds: list[Kind]  # in the order of the axis, each with its sizes rising
    names: list[str]  # of strategies, with their variants
    squares: Mapping[str, Mapping[tuple[str, Kind], Square]]  # of each figure


def unkindness(cells: pd.DataFrame) -> Iterator[Unkindness]:
    """Of groups that compare with and without company, or one client's requests; none of a run that has none."""
    is_long = (cells[ALONG] == LASTS) & (cells["handler_of"] == "one")
    beside = cells[(cells[ALONG] == SIZE) | is_long]
    alike = [name for name in POINT if name not in (ALONG, *VARIED)]
    for _, part in beside.groupby(alike, sort=False, dropna=False):
        rows = as_rows(part)
        shortest_us = min((size for who, size in map(kind_of, rows) if who == LONG), default=0)
        polite = {kind for kind in map(kind_of, rows) if kind in ((LONG, shortest_us), (kind[0], 0))}
        without = {(label(cell), kind_of(cell)[0]): cell for cell in rows if kind_of(cell) in polite}
        squares: dict[str, dict[tuple[str, Kind], Square]] = {figure: {} for figure in FIGURES}
        for cell in rows:
            kind = kind_of(cell)
            other = without.get((label(cell), kind[0]))
            for figure, own in squares.items() if kind not in polite else ():
                own[label(cell), kind] = _square(cell, other, figure)
        kinds = sorted({*map(kind_of, rows)} - polite, key=_place)
        yield Unkindness(part, kinds, list(dict.fromkeys(label(cell) for cell in rows)), squares)


def kind_of(cell: Row) -> Kind:
    """Who is there, and how many; of a long request how long it takes."""
    if cell[ALONG] == LASTS:
        return LONG, int(cell[LASTS])
    return str(cell["company"]), int(cell[SIZE])


def _place(kind: Kind) -> tuple[object, int]:
    company = AXES["company"]
    return (len(company.choices), LONG) if kind[0] == LONG else company.place(kind[0]), kind[1]


def _square(cell: Row, without: Row | None, figure: str) -> Square:
    ratio = Estimate(*(float(cell[f"{figure}{end}"]) for end in ("", "_low", "_high")))
    why = ""
    if pd.isna(cell["windows"]):
        why = str(cell["status"])
    elif is_starved(cell) or cell["limited_by"] in UNSERVED:
        why = "unserved"
    elif ratio.value != ratio.value:
        why = "no p99" if figure == P99 else "not told"
    both = [*touching(cell, figure), *(touching(without, figure) if without is not None else ())]
    return Square(ratio, float(cell[FIGURES[figure]]), tuple(dict.fromkeys(both)), why)
