"""What belongs on a chart together, and what has to be said about it.

A chart shows one sweep: everything but its axis is the same for all its cells. Other services, and further
sweeps, get charts of their own, named by what differs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

import axes
from analysis import units
from analysis.doubts import FAILING, SHORT_WINDOWS, STARVED, UNANSWERED_TAIL, is_of_server, touching
from analysis.drawing import looks
from analysis.judging.served import is_starved
from analysis.records.points import SWEPT, Row, as_rows, is_attached, label, nearly_all
from analysis.records.reading import Results
from axes import ALONG, AXES

TYPICAL_CLIENTS = 100
LOG_FROM = 25  # figures that span more than this ask for a log axis
# What all cells of a chart have in common beside its load: no chart is drawn along these.
FIXED_KEYS = [*(axis.name for axis in AXES.values() if not axis.stem and "load" not in axis.sides), ALONG]


@dataclass
class Selection:
    """The cells of one chart, failed ones included."""

    results: Results
    cells: pd.DataFrame

    @cached_property
    def rows(self) -> dict[Any, dict[str, Any]]:
        """The cells as plain mappings, by their index."""
        return dict(zip(self.cells.index, as_rows(self.cells), strict=True))

    def of(self, cells: pd.DataFrame) -> "Selection":
        """Some of these cells."""
        part = Selection(self.results, cells)
        part.rows = {place: self.rows[place] for place in cells.index}
        return part

    def at(self, values: Mapping[str, Any]) -> "Selection":
        """Those that have these values on these axes."""
        there = np.ones(len(self.cells), bool)
        for axis, value in values.items():
            there &= self.cells[axis].to_numpy(object) == value
        return self.of(self.cells[there])

    @cached_property
    def measured(self) -> pd.DataFrame:
        return self.cells[self.cells["windows"].notna()]

    @property
    def entries(self) -> int:
        """How many lines or rows it takes."""
        return int(self.measured.groupby(["strategy", "variant"]).ngroups)

    def having(self, figure: str) -> pd.DataFrame:
        """The cells that have this figure."""
        return self.cells[self.cells[figure].notna()]

    def lines(self) -> Iterator[tuple[str, looks.Look, bool, pd.DataFrame]]:
        """A strategy each: label, look, whether it is a listing of the chapter, its cells."""
        for (strategy, _), part in self.measured.groupby(["strategy", "variant"], sort=False):
            first = part.iloc[0]
            yield label(first), self.look(first), self.is_chapter(str(strategy)), part

    def look(self, cell: pd.Series) -> looks.Look:
        return looks.look(self.results.run, cell["strategy"], cell["variant"])

    def is_chapter(self, strategy: str) -> bool:
        return bool((self.results.run.get("strategies") or {}).get(strategy, {}).get("listing"))

    def points(self, axis: str) -> list[Any]:
        """The values measured on an axis of the matrix, the least first."""
        return sorted(self.measured[axis].unique().tolist(), key=AXES[axis].place)

    def typical(self) -> "Selection":
        """The group with the most typical number of clients, and else the usual values, or the least."""
        there, is_measured = np.ones(len(self.cells), bool), self.cells["windows"].notna().to_numpy(bool)
        for axis in SWEPT:
            values = self.cells[axis].to_numpy(object)
            points = sorted(set(values[there & is_measured].tolist()), key=AXES[axis].place)
            usual = self.results.usual[axis]
            if axis == "clients":
                typical = min(points, key=lambda number: abs(np.log(number / TYPICAL_CLIENTS)))
            else:
                typical = usual if usual in points else points[0]
            there &= values == typical
        return self.of(self.cells[there])

    def sweeps(self, axis: str) -> Iterator[tuple[str, "Selection"]]:
        """File name suffix and selection of each sweep along an axis, the longest first; or the typical point."""
        others = [other for other in SWEPT if other != axis]
        number: dict[Any, int] = self.measured.groupby(others)[axis].nunique().to_dict()
        typical = self.typical()
        usual = tuple(typical.points(other)[0] for other in others)
        long = [values for values in number if number[values] > 1]
        if not long:
            yield "", typical
        long.sort(key=lambda values: (-number[values], values != usual, values))
        for place, values in enumerate(long):
            suffix = self._suffix(dict(zip(others, values, strict=True)), whole=False) if place else ""
            yield suffix, self.at(dict(zip(others, values, strict=True)))

    def points_alone(self) -> Iterator[tuple[str, "Selection"]]:
        """File name suffix and selection of each point of the axes that charts are drawn along, the typical first."""
        typical = self.typical()
        yield "", typical
        for values, part in self.cells.groupby(SWEPT):
            if not part.index.isin(typical.cells.index).any() and part["windows"].notna().any():
                yield self._suffix(dict(zip(SWEPT, values, strict=True)), whole=True), self.of(part)

    def _suffix(self, values: Mapping[str, Any], whole: bool) -> str:
        """What tells a chart from its like: the axes that vary, and those that are always said if it is to be whole."""
        named = [axis for axis in values if len(self.points(axis)) > 1 or (whole and AXES[axis].said == "always")]
        return "".join(f"-{AXES[axis].in_file_name(values[axis])}" for axis in named)

    def what(self, axis: str = "") -> str:
        """What all cells have in common, but for the axis."""
        first = self.cells.iloc[0]
        compared = {first[ALONG]: None} if first[ALONG] else {}  # where values are compared none goes without saying
        return axes.description(first, self.results.usual | compared, but=(axis,))

    def notes(self, shown: pd.DataFrame | pd.Series, figure: str) -> list[str]:
        """What the chart does not show, and what it shows with a reservation."""
        notes = list(self.results.notes)
        rows = [self.rows[place] for place in shown.index]
        everyone = [label(cell) for cell in rows]
        in_blocks = "Failed or without a knee in some blocks" if figure == "knee_rps" else "Failed in some blocks"
        reservations = {"unchecked": "Failed the conformance check", "incomplete": in_blocks}
        reserved = [(cell, words) for status, words in reservations.items()
                    for cell in rows if cell["status"] == status]  # fmt: skip
        notes += [f"{words}: {'; '.join(some)}" for words, some in self._placed(reserved, everyone).items()]
        missing = self._missing(shown, figure)
        if missing:
            notes.append("Not shown: " + ", ".join(f"{who} ({why})" for why, some in missing.items() for who in some))
        doubted = [(cell, doubt.kind.phrase) for cell in rows for doubt in touching(cell, figure)]
        for phrase, some in self._placed(doubted, everyone).items():
            notes.append(f"{phrase[0].upper()}{phrase[1:]}: {'; '.join(some)}")
        return notes

    def _missing(self, shown: pd.DataFrame | pd.Series, figure: str) -> dict[str, list[str]]:
        found = []
        there, axis = set(shown.index), self._axis
        absent = [cell for place, cell in self.rows.items() if place not in there]
        for cell in sorted(absent, key=lambda cell: AXES[axis].place(cell[axis])):
            kinds = [doubt.kind for doubt in cell["doubts"]]
            if pd.isna(cell["windows"]):
                why = f"{cell['status']}: {cell['reason']}"
            elif is_attached(cell) and is_of_server(figure):
                why = "attached: not known"
            elif FAILING in kinds or STARVED in kinds:
                why = "it leaves clients unserved"
            elif SHORT_WINDOWS in kinds:
                why = "p99 over a fifth of a window"
            elif UNANSWERED_TAIL in kinds:
                why = UNANSWERED_TAIL.phrase
            else:
                why = "too few requests"
            found.append((cell, why))
        return self._placed(found, [label(cell) for cell in self.rows.values()])

    @cached_property
    def _axis(self) -> str:
        """The one that tells its cells of a strategy apart."""
        return next((axis for axis in ("rate", *SWEPT) if self.cells[axis].nunique() > 1), SWEPT[0])

    def _placed(self, found: Sequence[tuple[Row, str]], everyone: Sequence[str]) -> dict[str, list[str]]:
        """What is said of cells -> of whom it holds, and where if not everywhere; `everyone` has a name a cell."""
        axis = self._axis
        places: dict[tuple[str, str], list[Any]] = {}  # (what, name) -> where
        for cell, what in found:
            places.setdefault((what, label(cell)), []).append(cell[axis])
        names: dict[tuple[str, str], list[str]] = {}  # (what, where) -> names
        for (what, name), where in places.items():
            is_everywhere = len(where) == everyone.count(name)
            at = "" if is_everywhere else f" at {AXES[axis].several(sorted(where, key=AXES[axis].place))}"
            names.setdefault((what, at), []).append(name)
        said: dict[str, list[str]] = {}
        for (what, at), alike in names.items():
            who = nearly_all(alike, list(dict.fromkeys(everyone))) or ", ".join(alike)
            said.setdefault(what, []).append(who + at)
        return said


def selections(results: Results, cells: pd.DataFrame, load: str) -> Iterator[tuple[str, Selection]]:
    """Suffix and selection of this load's cells that differ in strategy, clients, size and rate only.

    The first has no suffix.
    """
    first = None
    for _, part in cells[cells["load"] == load].groupby(FIXED_KEYS, sort=False, dropna=False):
        if part["windows"].notna().any():
            here = part.iloc[0]
            first = here if first is None else first
            yield _suffix(here, first), Selection(results, part)


def _suffix(here: pd.Series, first: pd.Series) -> str:
    """What tells the charts of one selection from those of the first."""
    differ = [name for name in FIXED_KEYS if here[name] != first[name]]
    return "".join(f"-{AXES[name].in_file_name(here[name]) if name in AXES else _along(here)}" for name in differ)


def _along(here: pd.Series) -> str:
    return f"along-{AXES[here[ALONG]].stem}" if here[ALONG] else "apart"


def is_hollow(cell: Row, figure: str) -> bool:
    """Whether this column is drawn with a reservation."""
    return is_starved(cell) or bool(touching(cell, figure))


def ends_of(name: str) -> list[str]:
    """The columns of a figure's bar for comparing."""
    return [f"{name}_bar{end}" for end in ("_low", "_high")]


def plus_minus(cell: Row, name: str) -> str:
    """The interval as a share of the figure: ± 1.2 %, or from where to where; nothing where there is none."""
    low, high = cell[f"{name}_low"], cell[f"{name}_high"]
    if pd.isna(low):
        return ""
    if units.lopsided(low, high):
        return f" ({units.short(low)} to {units.short(high)})"
    return f" ± {(high - low) / 2 / cell[name] * 100:.1f} %"
