"""What the charts of the page show: each figure along each axis that the run varies."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

import axes
from analysis import units
from analysis.doubts import touching
from analysis.drawing.parts import LOG_FROM, ends_of, plus_minus
from analysis.drawing.selection import Selection, is_hollow, selections
from analysis.judging.served import served
from analysis.records.points import SWEPT
from analysis.records.reading import Results
from analysis.report import specs
from analysis.report.entries import Entry
from analysis.report.ratios import Ratios
from analysis.report.specs import Rows, Spec
from analysis.statistics import NAN
from axes import AXES

ASIDE = 0.05  # of an axis: so far apart points of one place are drawn, so that bars can be read
BEYOND = 2.0  # a bar is drawn so far beyond the figures of its chart


class Figure(NamedTuple):
    """A column of cells.csv as a chart."""

    column: str
    title: str
    unit: str
    kind: str  # how its axis is written: rate, duration, memory, ratio
    words: Callable[[pd.Series], str]
    loads: tuple[str, ...] = ("closed",)


def _rate(column: str) -> Callable[[pd.Series], str]:
    return lambda cell: units.short(cell[column]) + plus_minus(cell, column)


def _duration(column: str) -> Callable[[pd.Series], str]:
    return lambda cell: units.duration(cell[column])


RATIO = Figure("ratio", "Ratio to the reference", "requests per second by those of the reference", "ratio",
               lambda cell: "", ("closed", "knee"))  # fmt: skip
FIGURES = (
    Figure("throughput_rps", "Throughput", "correct replies per second", "rate", _rate("throughput_rps")),
    Figure("knee_rps", "Knee", "highest rate with its p99 under the limit, requests per second", "rate",
           _rate("knee_rps"), ("knee",)),
    RATIO,
    Figure("p50_us", "Latency, median", "half of the requests take longer", "duration", _duration("p50_us"),
           ("closed", "open", "knee")),
    Figure("p99_us", "Latency, p99", "1 request in 100 takes longer", "duration", _duration("p99_us"),
           ("closed", "open", "knee")),
    Figure("server_cpu_us_per_request", "CPU time of a request", "CPU time of the server for each correct reply",
           "duration", _duration("server_cpu_us_per_request"), ("closed", "open", "knee")),
    Figure("memory_per_connection_kib", "Memory of a connection", "memory that a connection takes more, KiB", "memory",
           lambda cell: f"{units.short(cell['memory_per_connection_kib'])} KiB"),
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


def sweeps(results: Results, cells: pd.DataFrame, entries: Sequence[Entry], ratios: Ratios) -> Iterator[Sweep]:
    """All of a run, those with the most points of each kind first."""
    for name, axis, selection in _planned(results, cells):
        load = str(selection.cells["load"].iloc[0])
        figures = [figure for figure in FIGURES if load in figure.loads]
        charts = [chart for figure in figures if (chart := _chart(selection, axis, figure, entries, ratios))]
        if charts:
            yield Sweep(name, _name(selection, axis), charts)


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
            yield f"rate{suffix}{more}", "offered_rps", part


def _name(selection: Selection, axis: str) -> str:
    """What a sweep is along, and where."""
    if len(_places(selection, axis)) < 2:
        return _what(selection)
    along = "rate" if axis == "offered_rps" else AXES[axis].title
    return f"against the {along}: {_what(selection, axis)}"


def _what(selection: Selection, axis: str = "") -> str:
    """What all cells have in common, but for the axis and for what is usual."""
    first, usual = selection.cells.iloc[0], selection.results.usual
    silent = [name for name in AXES if AXES[name].said != "always" and first[name] == usual[name]]
    return axes.description(first, usual, but=(axis, *silent))


def _places(selection: Selection, axis: str) -> list[float]:
    return sorted({float(value) for value in selection.measured[axis].dropna()})


def _chart(selection: Selection, axis: str, figure: Figure, entries: Sequence[Entry], ratios: Ratios) -> Chart | None:
    rows = _rows(selection, axis, figure, entries, ratios)
    if not rows:
        return None
    values = [row["y"] for row in rows]
    is_log = figure.kind == "ratio" or (min(values) > 0 and max(values) > LOG_FROM * min(values))
    rows = [_trimmed(row, min(values), max(values)) for row in rows if row["y"] > 0 or not is_log]
    places = _places(selection, axis)
    if len(places) > 1:
        ticks = {} if axis == "offered_rps" else {place: AXES[axis].write(int(place)) for place in places}
        bottom = "requests offered per second" if axis == "offered_rps" else AXES[axis].title
        spec = specs.along(
            rows, entries, specs.Axis(bottom, ticks, (places[0], places[-1])), figure.unit, figure.kind, is_log
        )
    else:
        spec = specs.in_rows(rows, entries, figure.unit, figure.kind, is_log)
    return Chart(figure, spec, _said(selection, axis, figure, rows), _notes(selection, figure))


def _notes(selection: Selection, figure: Figure) -> list[str]:
    """What isn't shown and what is doubtful; memory has reasons of its own, which stand under how it is read."""
    shown = selection.having("throughput_rps" if figure is RATIO else figure.column)
    own = selection.notes(shown, figure.column)[len(selection.results.notes) :]
    return [note for note in own if figure.kind != "memory" or not note.startswith("Not shown")]


def _rows(
    selection: Selection, axis: str, figure: Figure, entries: Sequence[Entry], ratios: Ratios
) -> list[dict[str, Any]]:
    by_name = {entry.name: entry for entry in entries}
    places = _places(selection, axis)
    lines = list(selection.lines())
    rows = []
    for number, (name, _, _, part) in enumerate(lines):
        shift = (number / max(1, len(lines) - 1) - 0.5) * ASIDE
        own = []
        for _, cell in part.sort_values(axis).iterrows():
            point = ratios.point(cell)
            about = {"s": name, "x": float(cell[axis]), "at": _aside(places, float(cell[axis]), shift), "i": point}
            if figure is RATIO:
                told = ratios.to_reference(point, by_name[name].number)
                told |= {"h": is_hollow(cell, "ratio")}
            else:
                told = _told(cell, figure)
            doubts = "; ".join(str(doubt) for doubt in touching(cell, figure.column))
            about |= {"p": _where(axis, cell[axis]), "d": doubts or "nothing"}
            if told["y"] == told["y"]:
                own.append(about | told)
        rows += [row | {"l": row is own[-1]} for row in own]
    return rows


def _where(axis: str, value: Any) -> str:
    return f"{units.short(value)} offered per second" if axis == "offered_rps" else AXES[axis].describe(value)


def _told(cell: pd.Series, figure: Figure) -> dict[str, Any]:
    name = figure.column
    y, low, high = (float(cell.get(column, NAN)) for column in (name, *_ends_of(cell, name)))
    is_barred = low == low and high == high
    return {
        "y": y,
        "low": low if is_barred else None,
        "high": high if is_barred else None,
        "h": is_hollow(cell, name),
        "w": "" if y != y else f"{served(cell)} served" if served(cell) else figure.words(cell),
        "b": f"{_short(figure, low)} to {_short(figure, high)}" if is_barred else "none",
    }


def _ends_of(cell: pd.Series, name: str) -> list[str]:
    """The bar for comparing, where the column has one."""
    bar = ends_of(name)
    return bar if bar[0] in cell.index else [f"{name}_low", f"{name}_high"]


def _short(figure: Figure, value: float) -> str:
    return units.duration(value) if figure.kind == "duration" else units.short(value)


def _trimmed(row: dict[str, Any], least: float, most: float) -> dict[str, Any]:
    """A bar that ends far beyond all figures would make them all look alike: its end is left out of the picture."""
    if row.get("low") is None:
        return row
    return row | {"low": max(row["low"], least / BEYOND), "high": min(row["high"], most * BEYOND)}


def _aside(places: Sequence[float], value: float, shift: float) -> float:
    low, high = places[0], places[-1]
    if low > 0 and high / low >= specs.LOG_FROM:
        return float(value * (high / low) ** shift)
    return value + (high - low) * shift


def _said(selection: Selection, axis: str, figure: Figure, rows: Rows) -> str:
    """A chart in words: who is highest and lowest at each place."""
    parts = []
    for place in dict.fromkeys(row["p"] for row in rows):
        here = sorted((row for row in rows if row["p"] == place), key=lambda row: row["y"])
        low, high = here[0], here[-1]
        lowest = f", the lowest {low['s']} with {low['w']}" if len(here) > 1 else ""
        parts.append(f"At {place} the highest is {high['s']} with {high['w']}{lowest}.")
    return f"{figure.title}, {_name(selection, axis)}. " + " ".join(parts)
