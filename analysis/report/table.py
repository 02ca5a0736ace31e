"""The full table of the page: a row a cell, with what it is sorted by beside what is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from analysis import units
from analysis.doubts import touching
from analysis.drawing.selection import plus_minus
from analysis.judging.served import is_starved, served
from analysis.records import points
from analysis.records.reading import Results
from analysis.report.cards import NONE, tasks
from analysis.report.entries import Entry
from analysis.report.ratios import Ratios
from axes import AXES

TO = "\N{EN DASH}"
BY_ITSELF = ("clients", "message_size")  # axes with a column of their own; the others share one


class Column(NamedTuple):
    """A column: its key in the address, its heading, what it means."""

    key: str
    title: str
    meaning: str
    is_number: bool = True


class Value(NamedTuple):
    """What stands in a row: as it is read, and as it is sorted (empty: last)."""

    text: str
    order: str


@dataclass
class Row:
    """A cell."""

    entry: Entry
    point: int
    values: dict[str, Value]
    is_doubtful: bool
    reason: str


COLUMNS = (
    Column("strategy", "strategy", "and its variant", False),
    Column("clients", "clients", "concurrent clients"),
    Column("size", "size", "of a message"),
    Column("else", "else", "what else is not as usual", False),
    Column("rank", "#", "1 + how many of its group were shown to be faster"),
    Column("rate", "requests/s", "correct replies per second, ± 95 % interval"),
    Column("ratio", "ratio", "to the reference, 95 % interval; ~ where it may be 1"),
    Column("p50", "p50", "median latency"),
    Column("p99", "p99", "1 request in 100 takes longer"),
    Column("cpu", "CPU/req.", "CPU time of the server by correct reply"),
    Column("memory", "KiB/conn.", "memory that a connection takes more"),
    Column("tasks", "runs", "processes or threads while all are connected", False),
    Column("limit", "limited by", "what kept the rate from being higher", False),
    Column("why", "why", "of the status and of each doubt", False),
)


def rows(results: Results, cells: pd.DataFrame, entries: Sequence[Entry], ratios: Ratios) -> list[Row]:
    """A row for each cell, in the order of cells.csv."""
    by_name = {entry.name: entry for entry in entries}
    return [_row(results, cell, by_name[points.label(cell)], ratios) for cell in points.as_rows(cells)]


def columns(table: Sequence[Row]) -> list[Column]:
    """The columns in which something stands."""
    return [column for column in COLUMNS if any(row.values[column.key].text not in ("", NONE) for row in table)]


def _row(results: Results, cell: points.Row, entry: Entry, ratios: Ratios) -> Row:
    point: int = -1 if pd.isna(cell["windows"]) else ratios.point(cell)
    ratio = ratios.to_reference(point, entry.number)
    reason = str(cell["reason"])
    knee = pd.notna(cell["knee_rps"])
    values = {
        "strategy": Value(entry.name, entry.name),
        "clients": _number(cell, "clients", units.count),
        "size": _number(cell, "message_size", AXES["message_size"].write),
        "else": _text(_else(results, cell)),
        "rank": Value("" if pd.isna(cell["rank"]) else str(cell["rank"]), _order(cell["rank"])),
        "rate": _marked(cell, "knee_rps" if knee else "throughput_rps", units.short, with_interval=True),
        "ratio": _ratio(ratio),
        "p50": _marked(cell, "p50_us", units.duration),
        "p99": _marked(cell, "p99_us", units.duration),
        "cpu": _marked(cell, "server_cpu_us_per_request", units.duration),
        "memory": _marked(cell, "memory_per_connection_kib", units.short),
        "tasks": Value(tasks(cell), "" if pd.isna(cell["threads"]) else f"{cell['threads']:09}"),
        "limit": _text(str(cell["limited_by"]) + (f", {served(cell)} served" if served(cell) else "")),
        "why": _text(reason if cell["status"] == "ok" else f"{cell['status']}: {reason}"),
    }  # fmt: skip
    is_doubtful = cell["verdict"] == "doubtful" or cell["status"] != "ok" or is_starved(cell)
    return Row(entry, point, values, bool(is_doubtful), reason)


def _ratio(told: Mapping[str, Any]) -> Value:
    """As the page writes it for another reference."""
    if told["y"] != told["y"]:
        return Value(NONE, "")
    if told["low"] is None:
        return Value(f"{told['y']:.2f}", _order(told["y"]))
    may_be_one = told["low"] <= 1 <= told["high"]
    words = f"{told['y']:.2f}{' ~' * may_be_one} ({told['low']:.2f}{TO}{told['high']:.2f})"
    return Value(words, _order(told["y"]))


def _else(results: Results, cell: points.Row) -> str:
    """What a cell's point says beside clients and size, where it isn't usual."""
    others = [
        axis for axis in AXES.values() if axis.name not in BY_ITSELF and cell[axis.name] != results.usual[axis.name]
    ]
    return ", ".join(filter(None, (axis.say(cell[axis.name]) for axis in others)))  # fmt: skip


def _number(cell: points.Row, name: str, write: Callable[[float], str]) -> Value:
    return Value(write(cell[name]), _order(cell[name]))


def _text(text: str) -> Value:
    return Value(text, text)


def _marked(cell: points.Row, name: str, write: Callable[[float], str], with_interval: bool = False) -> Value:
    """A figure with a ? where it is doubtful."""
    value = cell[name]
    if pd.isna(value):
        return Value(NONE, "")
    interval = plus_minus(cell, name) if with_interval else ""
    return Value(write(value) + interval + " ?" * bool(touching(cell, name)), _order(value))


def _order(value: float) -> str:
    return "" if pd.isna(value) else f"{float(value):.9g}"
