"""Cells of which figures can't be compared: lost by head, broken at base, in neither, or gone from one."""

from typing import NamedTuple

import pandas as pd

from analysis.doubts import FAILING
from analysis.gate.series import Cell
from analysis.records.reading import Results

Lines = dict[tuple[Cell, str], pd.Series]  # of cells.csv, by cell and variant


class Lost(NamedTuple):
    """Each of the four with the reason."""

    failures: dict[Cell, str]  # head alone fails in them
    broken: dict[Cell, str]  # base alone fails in them
    absent: dict[Cell, str]  # neither can have them here, or base has no such cell
    gone: dict[Cell, str]  # they died on both sides, or were measured and can't be compared all the same

    @property
    def cells(self) -> set[Cell]:
        return {cell for cells in self for cell in cells}


def lines_of(table: pd.DataFrame) -> Lines:
    """The lines of cells.csv by cell and variant."""
    return {(Cell.of(line), str(line["variant"])): line for _, line in table.iterrows()}


def lost(results: Results, lines: Lines, base: str, head: str) -> Lost:
    """What the run has lost. What the load generator failed in is no fault of a server's."""
    reasons: dict[tuple[Cell, str], str] = {}
    died: set[tuple[Cell, str]] = set()
    for _, line in results.failures.iterrows():
        if line["fault"] == "server":
            key = Cell.of(line), str(line["variant"])
            reasons.setdefault(key, str(line["reason"]))
            died |= {key} if line["status"] == "failed" else set()
    measured = {key for key, line in lines.items() if pd.notna(line["windows"])}
    for key in measured:
        if lines[key]["limited_by"] == "errors":
            reasons.setdefault(key, FAILING.phrase)
    found = Lost({}, {}, {}, {})
    for cell in dict.fromkeys(cell for cell, _ in lines):
        sides = (cell, base), (cell, head)
        older, newer = (reasons.get(side, "") for side in sides)
        is_there = bool({*sides} & (died | measured))
        if sides[0] not in lines:
            (found.gone if sides[1] in died else found.absent)[cell] = f"{base} has no such cell"
        elif older and newer:
            (found.gone if is_there else found.absent)[cell] = newer
        elif older:
            found.broken[cell] = older
        elif newer or sides[1] not in lines:
            found.failures[cell] = newer or f"{head} has no such cell"
        elif not {*sides} <= measured:
            found.gone[cell] = next(str(lines[side]["status_reason"]) for side in sides if side not in measured)
    return found
