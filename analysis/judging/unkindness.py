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
UNSERVED = ("errors", "starvation")
P99, CPU = "p99_ratio", "server_cpu_ratio"
FIGURES = {P99: "p99_us", CPU: "server_cpu_us_per_request"}  # each with what it is the ratio of
Kind = tuple[str, int]  # who, and how many


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
    """All that differs in strategy and company alone."""

    cells: pd.DataFrame
    kinds: list[Kind]  # in the order of the axis, each with its sizes rising
    names: list[str]  # of strategies, with their variants
    squares: Mapping[str, Mapping[tuple[str, Kind], Square]]  # of each figure


def unkindness(cells: pd.DataFrame) -> Iterator[Unkindness]:
    """Of groups that compare with and without company; none of a run that has none."""
    beside = cells[cells[ALONG] == SIZE]
    alike = [name for name in POINT if name not in (ALONG, *BESIDE)]
    for _, part in beside.groupby(alike, sort=False, dropna=False):
        rows = as_rows(part)
        without = {(label(cell), cell["company"]): cell for cell in rows if not cell[SIZE]}
        squares: dict[str, dict[tuple[str, Kind], Square]] = {figure: {} for figure in FIGURES}
        for cell in rows:
            other = without.get((label(cell), cell["company"]))
            for figure, own in squares.items() if cell[SIZE] else ():
                own[label(cell), kind_of(cell)] = _square(cell, other, figure)
        kinds = sorted({kind_of(cell) for cell in rows if cell[SIZE]}, key=_place)
        yield Unkindness(part, kinds, list(dict.fromkeys(label(cell) for cell in rows)), squares)


def kind_of(cell: Row) -> Kind:
    """Who is there, and how many."""
    return str(cell["company"]), int(cell[SIZE])


def _place(kind: Kind) -> tuple[object, int]:
    return AXES["company"].place(kind[0]), kind[1]


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
