"""A card for each strategy: how it waits, its code, what limited it at each crowd, what it costs."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

import axes
from analysis import units
from analysis.doubts import reasons
from analysis.judging.served import served
from analysis.records.points import Row, as_rows
from analysis.records.reading import Results
from analysis.report import code, memory
from analysis.report.entries import Entry
from axes import AXES

NONE = "-"


@dataclass
class Place:
    """What a strategy did at one point, as a row of its card."""

    where: str
    rate: str
    limited_by: str
    cpu: str
    memory: str
    tasks: str
    why: str


@dataclass
class Card:
    """A strategy."""

    entry: Entry
    family: str
    waits: str
    listing: str
    command: str
    attached: str  # where it ran already; empty of a server that was started
    mechanism: list[str]  # what its file says of it at its top, a paragraph each
    file: str
    has_changed: bool  # since the run
    code: Markup
    neighbour: str
    difference: Markup
    places: list[Place]


def cards(results: Results, cells: pd.DataFrame, entries: Sequence[Entry]) -> list[Card]:
    """Everyone's card."""
    rows = as_rows(cells)
    return [_card(results, rows, entry, [other.strategy for other in entries]) for entry in entries]


def _card(results: Results, rows: Sequence[Row], entry: Entry, everyone: Sequence[str]) -> Card:
    told: dict[str, Any] = (results.run.get("strategies") or {}).get(entry.strategy) or {}
    own = [row for row in rows if (row["strategy"], row["variant"]) == (entry.strategy, entry.variant)]
    path = code.source(results.run, entry.strategy)
    beside = code.neighbour(results.run, entry.strategy, everyone)
    other = code.source(results.run, beside) if beside else None
    text = path.read_text(encoding="utf-8") if path else ""
    family = str(told.get("family") or "")
    return Card(
        entry=entry,
        family=family.replace("_", " "),
        waits=str((results.run.get("families") or {}).get(family) or ""),
        listing=str(told.get("listing") or ""),
        command=str(told.get("command") or ""),
        attached=str(told.get("address") or ""),
        mechanism=_paragraphs(ast.get_docstring(ast.parse(text)) or "") if text else [],
        file=code.named(path) if path else "",
        has_changed=bool(path and code.has_changed(results.run, path)),
        code=code.highlighted(path) if path else Markup(),
        neighbour=beside,
        difference=code.difference(other, path) if path and other else Markup(),
        places=[_place(results, cell) for cell in own],
    )


def _paragraphs(text: str) -> list[str]:
    """The lines of a docstring as they belong together: an empty line parts, and so does a heading such as Cost:."""
    joined = re.sub(r"\n(?!\n|[A-Z]\w+: )(?<!\n\n)", " ", text)
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _place(results: Results, cell: Row) -> Place:
    where = axes.title({name: cell[name] for name in AXES}, results.usual)
    if pd.isna(cell["windows"]):
        return Place(where, NONE, str(cell["status"]), NONE, NONE, NONE, reasons(cell))
    rate = units.short(cell["throughput_rps"]) + (f", {served(cell)} served" if served(cell) else "")
    return Place(
        where,
        rate,
        str(cell["limited_by"]) or NONE,
        _known(cell["server_cpu_us_per_request"], units.duration),
        NONE if pd.isna(cell[memory.MEMORY]) else memory.told(cell),
        tasks(cell),
        reasons(cell),
    )


def tasks(cell: Row) -> str:
    """Its processes and threads while all clients are connected: 1, or 501 threads."""
    processes, threads = cell["processes"], cell["threads"]
    if pd.isna(processes) or pd.isna(threads):
        return NONE
    if processes > 1:
        return f"{processes:,} processes"
    return f"{threads:,} thread{'s' * bool(threads > 1)}"


def _known(value: float, write: Any) -> str:
    return NONE if pd.isna(value) else str(write(value))
