"""What belongs on a chart together, and what has to be said about it.

A chart shows one sweep: everything but its axis is the same for all its cells. Other services, and further
sweeps, get charts of their own, named by what differs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis import units
from analysis.load import Results
from analysis.style import Look, look

TYPICAL_CLIENTS = 100
PAGE_KEYS = ["service", "requests_per_connection", "load", "server_cpus"]


@dataclass
class Page:
    """The cells of one chart, failed ones included."""

    results: Results
    cells: pd.DataFrame

    @property
    def measured(self) -> pd.DataFrame:
        return self.cells[self.cells["windows"].notna()]

    def having(self, figure: str) -> pd.DataFrame:
        """The cells that have this figure."""
        return self.cells[self.cells[figure].notna()]

    def lines(self) -> Iterator[tuple[str, Look, bool, pd.DataFrame]]:
        """A strategy each: label, look, whether it is a listing of the chapter, its cells."""
        for (strategy, variant), part in self.measured.groupby(["strategy", "variant"], sort=False):
            style = look(str(strategy), str(variant))
            yield label(part.iloc[0]), style, self.is_chapter(str(strategy)), part

    def is_chapter(self, strategy: str) -> bool:
        return bool((self.results.run.get("strategies") or {}).get(strategy, {}).get("listing"))

    def points(self, axis: str) -> list[int]:
        """The values measured on an axis of the matrix."""
        return sorted(int(value) for value in self.measured[axis].unique())

    def typical(self) -> "Page":
        """The group with the most typical number of clients and the smallest messages."""
        clients = min(self.points("clients"), key=lambda number: abs(np.log(number / TYPICAL_CLIENTS)))
        page = Page(self.results, self.cells[self.cells["clients"] == clients])
        size = page.points("message_size")[0]
        return Page(self.results, page.cells[page.cells["message_size"] == size])

    def sweeps(self, axis: str) -> Iterator[tuple[str, "Page"]]:
        """File name suffix and page of each sweep along an axis, the longest first; or the typical point."""
        other = "message_size" if axis == "clients" else "clients"
        number = self.measured.groupby(other)[axis].nunique()
        typical = self.typical()
        usual = typical.points(other)[0]
        long = [value for value in number.index if number[value] > 1]
        if not long:
            yield "", typical
        long.sort(key=lambda value: (-number[value], value != usual, value))
        for place, value in enumerate(long):
            suffix = "-" + say_point(other, value).replace(" ", "") if place else ""
            yield suffix, Page(self.results, self.cells[self.cells[other] == value])

    def what(self, axis: str = "") -> str:
        """What all cells have in common, but for the axis."""
        cell = self.cells.iloc[0]
        parts = [f"service {cell['service']}"]
        if axis != "clients":
            parts.append(units.clients(int(cell["clients"])))
        if axis != "message_size":
            parts.append(f"{units.size(cell['message_size'])} messages")
        parts.append(units.connections(cell["requests_per_connection"]))
        closed = cell["load"] == "closed"
        parts.append("one request in flight per client" if closed else f"{cell['load']} load")
        return " · ".join(parts)

    def notes(self, shown: pd.DataFrame) -> list[str]:
        """What the chart does not show, and what it shows with a reservation."""
        notes = [str(mark) for mark in self.results.run.get("marks") or []]
        reservations = {"unchecked": "Failed the conformance check", "incomplete": "Failed in some blocks"}
        for status, words in reservations.items():
            names = shown.loc[shown["status"] == status, "strategy"].unique()
            if len(names):
                notes.append(f"{words}: {', '.join(names)}")
        missing = self._missing(shown)
        if missing:
            notes.append("Not shown: " + ", ".join(missing))
        return notes

    def _missing(self, shown: pd.DataFrame) -> list[str]:
        axis = "clients" if self.cells["clients"].nunique() > 1 else "message_size"
        points: dict[tuple[str, str], list[int]] = {}  # (name, why) -> where
        for _, cell in self.cells[~self.cells.index.isin(shown.index)].sort_values(axis).iterrows():
            if pd.isna(cell["windows"]):
                why = f"{cell['status']}: {cell['reason']}"
            elif "p99 not given" in cell["reason"]:
                why = "p99 over a fifth of a window"
            else:
                why = "too few requests"
            points.setdefault((label(cell), why), []).append(int(cell[axis]))
        names: dict[tuple[str, str], list[str]] = {}  # (where, why) -> names
        for (name, why), where in points.items():
            everywhere = len(where) == self.cells[axis].nunique()
            *others, last = where
            places = [str(other) if axis == "clients" else units.size(other) for other in others]
            at = "" if everywhere else f" at {', '.join([*places, say_point(axis, last)])}"
            names.setdefault((at, why), []).append(name)
        return [f"{', '.join(alike)}{at} ({why})" for (at, why), alike in names.items()]


def pages(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, Page]]:
    """Suffix and page of cells that differ in strategy, clients and size only; the first has no suffix."""
    first = None
    for _, part in cells.groupby(PAGE_KEYS, sort=False, dropna=False):
        if part["windows"].notna().any():
            here = part.iloc[0]
            first = here if first is None else first
            yield _suffix(here, first), Page(results, part)


def _suffix(here: pd.Series, first: pd.Series) -> str:
    per = here["requests_per_connection"]
    words = {
        "service": here["service"],
        "requests_per_connection": "persistent" if pd.isna(per) else f"{per}-per-connection",
        "load": here["load"],
        "server_cpus": "cpus-" + str(here["server_cpus"]).replace(" ", "-"),
    }
    return "".join(f"-{words[name]}" for name in PAGE_KEYS if str(here[name]) != str(first[name]))


def label(cell: pd.Series) -> str:
    """The name of a strategy, with its variant if it has one."""
    return f"{cell['strategy']} [{cell['variant']}]" if cell["variant"] else str(cell["strategy"])


def served(cell: pd.Series) -> str:
    """How many clients were served, such as 1 of 10; nothing if all were."""
    if not is_starved(cell):
        return ""
    return f"{cell['clients'] - cell['starved']:,} of {cell['clients']:,}"


def is_starved(cell: pd.Series) -> bool:
    """Whether some clients had no reply in a whole block."""
    return bool(pd.notna(cell["starved"]) and cell["starved"] > 0)


def say_point(axis: str, value: float) -> str:
    """A place on an axis of the matrix: 100 clients, 16 KiB."""
    return units.clients(int(value)) if axis == "clients" else units.size(value)
