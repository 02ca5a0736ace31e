"""What the charts of the page show: each figure along each axis that the run varies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

import axes
from analysis import units
from analysis.doubts import in_full, touching
from analysis.drawing.selection import LOG_FROM, Selection, ends_of, is_hollow, selections
from analysis.judging.served import served
from analysis.records.points import SWEPT, Row, label
from analysis.records.reading import Results
from analysis.report import memory, specs
from analysis.report.entries import Entry
from analysis.report.ratios import Ratios
from analysis.report.specs import Rows, Spec
from analysis.statistics import NAN
from analysis.stretch import stretch
from axes import AXES

OFFERED = "offered_rps"  # an open loop is drawn along it
ASIDE = 0.05  # of an axis: so far apart points of one place are drawn, so that bars can be read
BEYOND = 2.0  # a bar is drawn so far beyond the figures of its chart
NO_INTERVAL = "none"


class Figure(NamedTuple):
    """A column of cells.csv as a chart."""

    column: str
    title: str
    unit: str
    kind: str  # how its axis is written: rate, duration, memory, ratio
    hint: str  # what one has to know at first sight
    loads: tuple[str, ...] = ("closed",)


HIGHER, LOWER = "higher is better", "lower is better"
CLOCK = "lower is better; without the loader's own delay, which is the rest of a client's cycle"
RATIO = Figure("ratio", "Ratio to the reference", "requests per second by those of the reference", "ratio",
               "above 1 is faster than the reference; of neighbouring windows, so not quite the quotient of the rates",
               ("closed", "knee"))  # fmt: skip
FIGURES = (
    Figure("throughput_rps", "Throughput", "correct replies per second", "rate", HIGHER),
    Figure("knee_rps", "Knee", "highest rate with its p99 under the limit, requests per second", "rate",
           HIGHER, ("knee",)),
    RATIO,
    Figure("p50_us", "Latency, median", "half of the requests take longer", "duration", CLOCK,
           ("closed", "open", "knee")),
    Figure("p99_us", "Latency, p99", "1 request in 100 takes longer", "duration", CLOCK,
           ("closed", "open", "knee")),
    Figure("server_cpu_us_per_request", "CPU time of a request", "CPU time of the server for each correct reply",
           "duration", LOWER, ("closed", "open", "knee")),
    Figure(memory.MEMORY, "Memory of a connection", "memory that a connection takes more, KiB", "memory",
           "lower is better; the server's own (PSS, all its processes), without the kernel's for sockets; bars: the "
           "least to the most of its blocks"),
)  # fmt: skip


@dataclass
class Chart:
    """One figure, drawn."""

    figure: Figure
    spec: Spec
    description: str  # the same in words, for who can't see it
    notes: list[str]


@dataclass
class Sweep:
    """The charts along one axis, all else being the same."""

    id: str
    name: str
    charts: list[Chart]
    is_along: bool  # an axis; else all of one point


def sweeps(results: Results, cells: pd.DataFrame, entries: Sequence[Entry], ratios: Ratios) -> Iterator[Sweep]:
    """All of a run, those with the most points of each kind first, and those with one last."""
    planned = sorted(_planned(results, cells), key=lambda one: one[1] != OFFERED and len(one[2].points(one[1])) < 2)
    figures = {
        load: [(figure, _is_wide(part, figure)) for figure in FIGURES if load in figure.loads]
        for load, part in cells[["load", *(figure.column for figure in FIGURES)]].groupby("load")
    }
    for name, axis, selection in [*planned, *_points(results, cells)]:
        sheet = _Sheet(selection, axis, entries, ratios)
        of_load = figures[selection.cells["load"].iloc[0]]
        charts = [chart for figure, is_wide in of_load if (chart := _chart(sheet, figure, is_wide))]
        if charts:
            yield Sweep(name, sheet.name, charts, name in {name for name, _, _ in planned})


def _points(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, str, Selection]]:
    """Each point by itself, where a run has several."""
    for load in ("closed", "knee"):
        for suffix, selection in selections(results, cells, load):
            parts = list(selection.measured.groupby(SWEPT))
            for number, (_, part) in enumerate(parts if len(parts) > 1 else []):
                yield f"at-{load}{suffix}-{number}", SWEPT[0], selection.of(part)


def _is_wide(cells: pd.DataFrame, figure: Figure) -> bool:
    """Whether a figure spans so much that its axis is logarithmic: alike in all charts of a run."""
    if figure is RATIO:
        return True
    values = cells[figure.column].dropna()
    return bool(len(values) and values.min() > 0 and values.max() > LOG_FROM * values.min())


def _planned(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, str, Selection]]:
    for load in ("closed", "knee"):
        for suffix, selection in selections(results, cells, load):
            for axis in SWEPT:
                for more, part in selection.sweeps(axis):
                    if axis == "clients" or len(part.points(axis)) > 1:
                        prefix = "" if load == "closed" else f"{load}-"
                        yield f"{prefix}{AXES[axis].stem}{suffix}{more}", axis, part
    for suffix, selection in selections(results, cells, "open"):
        for more, part in selection.points_alone():
            yield f"rate{suffix}{more}", OFFERED, part


class _Place(NamedTuple):
    """A cell as it stands along an axis."""

    cell: Row
    at: float
    where: str
    point: int  # the number that ratios know it by


class _Sheet:
    """What the charts of a sweep have in common."""

    def __init__(self, selection: Selection, axis: str, entries: Sequence[Entry], ratios: Ratios) -> None:
        self.selection, self.axis, self.entries, self.ratios = selection, axis, entries, ratios
        number = float if axis == OFFERED else AXES[axis].number
        self.lines: dict[str, list[_Place]] = {}  # each strategy's
        for cell in (selection.rows[index] for index in selection.measured.index):
            place = _Place(cell, number(cell[axis]), self.where(cell[axis]), ratios.point(cell))
            self.lines.setdefault(label(cell), []).append(place)
        for line in self.lines.values():
            line.sort(key=lambda place: place.at)
        self.numbers = {entry.name: entry.number for entry in entries}
        steps = max(1, len(self.lines) - 1)
        self.shifts = {name: (step / steps - 0.5) * ASIDE for step, name in enumerate(self.lines)}
        self.at_reference = {place.point: place.cell for place in self.lines.get(entries[ratios.reference].name, [])}

    @cached_property
    def name(self) -> str:
        """What a sweep is along, and where."""
        first, usual = self.selection.cells.iloc[0], self.selection.results.usual
        silent = [name for name in AXES if AXES[name].said != "always" and first[name] == usual[name]]
        if len({place.at for line in self.lines.values() for place in line}) < 2:
            return axes.description(first, usual, but=silent)
        along = "rate" if self.axis == OFFERED else AXES[self.axis].title
        return f"against the {along}: {axes.description(first, usual, but=(self.axis, *silent))}"

    def bottom(self, places: Sequence[float]) -> specs.Axis:
        """The axis that figures are drawn along, which these places have."""
        span = (places[0], places[-1])
        if self.axis == OFFERED:
            return specs.Axis("requests offered per second", {}, span)
        axis = AXES[self.axis]
        written = {axis.number(value): axis.write(value) for value in self.selection.points(self.axis)}
        return specs.Axis(axis.title, {place: written[place] for place in places}, span, axis.kind == "choice")

    def aside(self, value: float, name: str, places: Sequence[float]) -> float:
        """Where a point of that strategy is drawn among these places, so that bars stand side by side."""
        in_steps = self.axis != OFFERED and AXES[self.axis].kind == "choice"
        return stretch(places, in_steps).aside(value, self.shifts[name], (places[0], places[-1]))

    def where(self, value: Any) -> str:
        """A place on the axis in words."""
        if self.axis == OFFERED:
            return f"{units.short(value)} offered per second"
        return AXES[self.axis].describe(value)


def _chart(sheet: _Sheet, figure: Figure, is_log: bool) -> Chart | None:
    rows = _rows(sheet, figure)
    if not rows:
        return None
    values = [row["y"] for row in rows]
    least, most = min(values), max(values)
    places = sorted({row["at"] for row in rows})
    for row in rows:
        row["at"] = sheet.aside(row["at"], row["s"], places)
    rows = [row for row in rows if row["y"] > 0 or not is_log]
    if figure is not RATIO:
        rows = [_trimmed(row, least, most) for row in rows]
    if len(places) > 1:
        spec = specs.along(rows, sheet.entries, sheet.bottom(places), figure.unit, figure.kind, is_log)
    else:
        spec = specs.in_rows(rows, sheet.entries, figure.unit, figure.kind, is_log)
    return Chart(figure, spec, _said(sheet, figure, rows), _notes(sheet.selection, figure))


def _notes(selection: Selection, figure: Figure) -> list[str]:
    """What isn't shown and what is doubtful; memory has reasons of its own, which stand under how it is read."""
    shown = selection.cells["throughput_rps" if figure is RATIO else figure.column].dropna()
    own = selection.notes(shown, figure.column)[len(selection.results.notes) :]
    return [note for note in own if figure.kind != "memory" or not note.startswith("Not shown")]


def _rows(sheet: _Sheet, figure: Figure) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, line in sheet.lines.items():
        own = []
        for place in line:
            told = _ratio(sheet, name, place) if figure is RATIO else _told(place.cell, figure)
            if told["y"] == told["y"]:
                own.append(told | {"s": name, "at": place.at, "i": place.point, "p": place.where, "l": False})
        if own:
            own[-1]["l"] = True
        rows += own
    return rows


def _ratio(sheet: _Sheet, name: str, place: _Place) -> dict[str, Any]:
    """Of a ratio what is drawn, and its own doubts, to which the page adds those of another reference."""
    cell = place.cell
    told = sheet.ratios.to_reference(place.point, sheet.numbers[name])
    own = in_full(touching(cell, "ratio"))
    is_own_hollow = is_hollow(cell, "ratio")
    other = sheet.at_reference.get(place.point)
    doubts = [own] if own else []
    if other is not None and other is not cell and touching(other, "ratio"):
        doubts.append(f"of the reference: {in_full(touching(other, 'ratio'))}")
    return told | {"h": is_own_hollow or (other is not None and is_hollow(other, "ratio")), "oh": is_own_hollow,
                   "d": "; ".join(doubts) or "nothing", "od": own, "f": told["w"]}  # fmt: skip


def _told(cell: Row, figure: Figure) -> dict[str, Any]:
    """Of another figure what is drawn."""
    name = figure.column
    y, low, high = (float(cell.get(column, NAN)) for column in (name, *_ends_of(cell, name)))
    if y != y:
        return {"y": y}
    is_barred = low == low and high == high
    short, some, doubts = _short(figure, y), served(cell), touching(cell, name)
    interval = _ends(figure, cell.get(f"{name}_low"), cell.get(f"{name}_high"))
    with_served = f", {some} served" if some else ""
    return {
        "y": y,
        "low": low if is_barred else None,
        "high": high if is_barred else None,
        "h": bool(some or doubts),
        "w": f"{some} served" if some else short,
        "f": short + (f" ({interval})" if interval != NO_INTERVAL else "") + with_served,
        "v": short + with_served,
        "e": interval,
        "b": _ends(figure, low, high),
        "d": in_full(doubts) or "nothing",
    }


def _ends(figure: Figure, low: Any, high: Any) -> str:
    is_known = low is not None and high is not None and low == low and high == high
    return f"{_short(figure, low)} to {_short(figure, high)}" if is_known else NO_INTERVAL


def _ends_of(cell: Row, name: str) -> list[str]:
    """The bar for comparing, where the column has one; of memory the least and the most."""
    if name == memory.MEMORY:
        return list(memory.ENDS)
    bar = ends_of(name)
    return bar if bar[0] in cell else [f"{name}_low", f"{name}_high"]


def _short(figure: Figure, value: float) -> str:
    if figure.kind == "duration":
        return units.duration(value)
    return units.short(value) + (" KiB" if figure.kind == "memory" else "")


def _trimmed(row: dict[str, Any], least: float, most: float) -> dict[str, Any]:
    """A bar that ends far beyond all figures would make them all look alike: its end is left out of the picture."""
    if row.get("low") is None:
        return row
    low, high = max(row["low"], least / BEYOND), min(row["high"], most * BEYOND)
    cut = " ".join(["low"] * (low > row["low"]) + ["high"] * (high < row["high"]))
    return row | {"low": low, "high": high, "cut": cut} if cut else row


def _said(sheet: _Sheet, figure: Figure, rows: Rows) -> str:
    """A chart in words: who is highest and lowest at each place."""
    parts = []
    for place in dict.fromkeys(row["p"] for row in rows):
        here = sorted((row for row in rows if row["p"] == place), key=lambda row: row["y"])
        low, high = here[0], here[-1]
        lowest = f", the lowest {low['s']} with {low['w']}" if len(here) > 1 else ""
        parts.append(f"At {place} the highest is {high['s']} with {high['w']}{lowest}.")
    return f"{figure.title}, {sheet.name}. " + " ".join(parts)
