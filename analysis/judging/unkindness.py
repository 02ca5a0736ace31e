"""Who lets polite clients wait for unkind ones: their p99 beside a company by that without, of each strategy.

Both are of servers that were visited in the same rounds, so that a ratio is that of neighbours in time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

import axes
from analysis.doubts import Doubt, touching
from analysis.judging.served import is_starved
from analysis.records.points import POINT, Row, as_rows, label
from analysis.statistics import Estimate
from axes import ALONG, AXES

BESIDE = (ALONG, *(axis.name for axis in axes.on("company")))
UNSERVED = ("errors", "starvation")
Kind = tuple[str, int]  # who, and how many


@dataclass(frozen=True)
class Square:
    """Of a strategy and a kind of company."""

    p99: Estimate  # ratio; NaN where there is none
    doubts: tuple[Doubt, ...]  # about either p99
    why_not: str  # there is none, in words

    @property
    def is_shown(self) -> bool:
        """Whether the two are told apart."""
        return self.p99.low > 1 or self.p99.high < 1


@dataclass(frozen=True)
class Unkindness:
    """All that differs in strategy and company alone."""

    cells: pd.DataFrame
    kinds: list[Kind]  # in the order of the axis, each with its sizes rising
    squares: dict[str, dict[Kind, Square]]  # by label


def unkindness(cells: pd.DataFrame) -> Iterator[Unkindness]:
    """Of groups that compare with and without company; none of a run that has none."""
    (size,) = (axis.name for axis in axes.on("company") if axis.of)
    beside = cells[cells[ALONG] == size]
    alike = [name for name in POINT if name not in BESIDE]
    for _, part in beside.groupby(alike, sort=False, dropna=False):
        rows = as_rows(part)
        first = {(label(cell), cell["company"]): cell for cell in rows if not cell[size]}
        squares: dict[str, dict[Kind, Square]] = {label(cell): {} for cell in rows}
        for cell in rows:
            if cell[size]:
                without = first.get((label(cell), cell["company"]))
                squares[label(cell)][cell["company"], cell[size]] = _square(cell, without)
        kinds = {kind for own in squares.values() for kind in own}
        place = AXES["company"].place
        yield Unkindness(part, sorted(kinds, key=lambda kind: (place(kind[0]), kind[1])), squares)


def _square(cell: Row, without: Row | None) -> Square:
    ratio = Estimate(*(float(cell[f"p99_ratio{end}"]) for end in ("", "_low", "_high")))
    why = ""
    if pd.isna(cell["windows"]):
        why = str(cell["status"])
    elif is_starved(cell) or cell["limited_by"] in UNSERVED:
        why = "unserved"
    elif ratio.value != ratio.value:
        why = "no p99"
    both = [*touching(cell, "p99_ratio"), *(touching(without, "p99_ratio") if without is not None else ())]
    return Square(ratio, tuple(dict.fromkeys(both)), why)
