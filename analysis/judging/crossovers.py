"""Which strategies of a run pass which along an axis, and where: crossovers.csv.

Of groups that compare the values of an axis of numbers: there all of them are measured in the same rounds. A figure
that must not be compared (its doubts touch ratios) tells no crossover.
"""

from collections.abc import Iterator
from itertools import groupby, permutations
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from analysis.crossover import NONE, Crossover, crossover
from analysis.doubts import touching
from analysis.judging.cells import by_round, rates_of
from analysis.records import writing
from analysis.records.points import SWEPT, as_rows, group_of, key_of, label, title
from analysis.records.reading import Results
from analysis.statistics import ByRound
from axes import ALONG, AXES
from axes.axis import in_time

LEAST_VALUES = 3
KIB = 1 << 10
# Axes of numbers between which there are others: between one CPU and two nobody passes anybody.
CONTINUOUS = [name for name in SWEPT if AXES[name].kind not in ("cpus", "choice")]


class Passing(NamedTuple):
    """Along an axis the second passes the first."""

    group: str  # its title
    axis: str
    first: str
    second: str
    at: Crossover
    values: tuple[int, ...]  # rising, at which the two were compared

    @property
    def where(self) -> str:
        """From 310 µs to 360 µs on."""
        return place(self.axis, self.at)

    def __str__(self) -> str:
        return f"{self.second} passes {self.first} {self.where}"


def place(axis: str, at: Crossover) -> str:
    """Where it is: from 310 µs to 360 µs on."""
    low, high = (_about(axis, end) for end in (at.low, at.high))
    if at.low <= 0:
        return f"at {high} or below"
    return f"from {low} to {high} on" if at.high < float("inf") else f"from {low} on, or later"


def passings(results: Results, cells: pd.DataFrame) -> list[Passing]:
    """Every pair of strategies of a group in which one passes the other, in the order of where."""
    groups: dict[Any, list[dict[str, Any]]] = {}
    for cell in as_rows(cells):
        if cell[ALONG] in CONTINUOUS and cell[cell[ALONG]]:  # zero has no place among logarithms
            groups.setdefault(group_of(cell), []).append(cell)
    if not groups:
        return []
    rates = {key: by_round(part, rates_of(part)) for key, part in results.by_cell.items()}
    found = []
    for members in groups.values():
        along = str(members[0][ALONG])
        name = title(pd.DataFrame(members), results.usual)
        curves = _curves(members, along, rates)
        for first, second in permutations(curves, 2):
            values = sorted(set(curves[first]) & set(curves[second]))
            at = crossover(curves[first], curves[second]) if len(values) >= LEAST_VALUES else NONE
            if at.is_told:
                found.append(Passing(name, along, first, second, at, tuple(map(int, values))))
    return sorted(found, key=lambda one: (one.group, one.at.value))


def by_group(found: list[Passing]) -> Iterator[list[Passing]]:
    """Those of each group."""
    for _, some in groupby(found, key=lambda one: one.group):
        yield list(some)


def write(results: Results, found: list[Passing]) -> Path | None:
    """Write crossovers.csv into the results folder, if anything passes anything; an open end is empty. OSError."""
    columns = ["group", "axis", "first", "second", "value", "low", "high"]
    rows = [
        (one.group, one.axis, one.first, one.second, one.at.value, one.at.low or None, one.at.high) for one in found
    ]
    table = pd.DataFrame(rows, columns=columns).replace(float("inf"), None)
    return writing.write_or_remove(results.folder / "crossovers.csv", table)


def _curves(members: list[dict[str, Any]], along: str, rates: dict[Any, ByRound]) -> dict[str, dict[float, ByRound]]:
    """The rates of each strategy at each value where it can be compared."""
    curves: dict[str, dict[float, ByRound]] = {}
    for cell in members:
        key = key_of(cell)
        if key in rates and not touching(cell, "ratio"):
            curves.setdefault(label(cell), {})[float(cell[along])] = rates[key]
    return curves


def _about(axis: str, value: float) -> str:
    """A place on an axis in two digits; nothing of one without an end."""
    if not 0 < value < float("inf"):
        return ""
    kind = AXES[axis].kind
    if kind == "bytes" and value >= KIB:
        return f"{float(f'{value / KIB:.2g}'):g} KiB"
    rounded = float(f"{value:.2g}")
    return in_time(rounded) if kind == "time" else f"{rounded:,.10g}" + " B" * (kind == "bytes")
