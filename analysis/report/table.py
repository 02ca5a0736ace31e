"""The full table of the page: a row a cell, with what it is sorted by beside what is read."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from analysis import units
from analysis.doubts import in_full, reasons, touching
from analysis.judging import attached, route
from analysis.judging.served import is_starved
from analysis.records import points
from analysis.records.reading import Results
from analysis.report import memory, unranked
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
    """What stands in a row: as it is read, as it is sorted (empty: last), and what is said beside it."""

    text: str
    order: str
    title: str = ""


@dataclass
class Row:
    """A cell."""

    entry: Entry
    point: int
    values: dict[str, Value]
    at: dict[str, str]  # its place on each axis that the run varies
    is_doubtful: bool
    ratio_doubts: str  # its own; a ratio has those of its reference too
    reason: str
    of_reference: str  # why its ratio is doubtful, where its reference is


@dataclass
class Choice:
    """An axis that the run varies, as rows are chosen by it."""

    name: str
    title: str
    values: list[str]


COLUMNS = (
    Column("strategy", "strategy", "and its variant", False),
    Column("clients", "clients", "concurrent clients"),
    Column("size", "size", "of a message"),
    Column("else", "else", "what else is not as usual", False),
    Column("rank", "#", "rank by requests/s: 1 + how many of its group were shown to be faster than it, or than one at "
           "least as fast; = where several share it. unranked where it is attached, or a doubt touches the comparison: "
           "such a one may be faster than # 1. A doubt of the rate alone (? behind it) leaves the rank: it bends all "
           "of a group alike"),
    Column("rate", "requests/s", "correct replies per second; in brackets the 95 % interval over blocks, with the "
           "machine's movement in it"),
    Column("ratio", "ratio", "of requests/s to the reference, between neighbouring windows, so not quite the quotient "
           "of the rates; in brackets the 95 % interval; ~ where it may be 1, ? where the cell or its reference is "
           "doubtful"),
    Column("limit", "limited by", "what kept the rate from being higher. Where both sides are busy their CPU shares "
           "can't tell: what slowing the loader down did to the rate decides", False),
    Column("server", "server CPU", "share of its CPUs that the server used in its windows. It isn't requests/s times "
           "CPU/req., which may be above 100 %: those are a geometric mean over the counted part and a mean over the "
           "whole of a window"),
    Column("loader", "loader CPU", "share of its CPUs that the load generator used"),
    Column("p50", "p50", "median latency, without the loader's delay; point at it for its interval"),
    Column("p99", "p99", "1 request in 100 takes longer; point at it for its interval"),
    Column("delay", "loader delay", "from a reply's arrival in the kernel to the loader's clock, median: the other "
           "part of a client's cycle, and no part of p50 and p99"),
    Column("cpu", "CPU/req.", "CPU time of the server by correct reply; point at it for its interval"),
    Column("memory", "KiB/conn.", "memory that a connection takes more: PSS of all processes of the server, without "
           "pages of files and what the kernel keeps for sockets. The mean of so few blocks that it has no interval: "
           "point at it for the least and the most of them"),
    Column("tasks", "runs", "processes or threads while all are connected", False),
    Column("requests", "requests", "correct replies that were counted, in all blocks"),
)  # fmt: skip


def rows(results: Results, cells: pd.DataFrame, entries: Sequence[Entry], ratios: Ratios) -> list[Row]:
    """A row for each cell, in the order of cells.csv."""
    by_name = {entry.name: entry for entry in entries}
    every = [(cell, by_name[points.label(cell)]) for cell in points.as_rows(cells)]
    context = _Context(results, ratios, [choice.name for choice in choices(cells)],
                       Counter((points.group_of(cell), cell["rank"]) for cell, _ in every if pd.notna(cell["rank"])),
                       {(_point(cell, ratios), entry.number): said for cell, entry in every
                        if (said := in_full(touching(cell, "ratio")))})  # fmt: skip
    return [_row(context, cell, entry) for cell, entry in every]


def columns(table: Sequence[Row]) -> list[Column]:
    """The columns in which something stands."""
    return [column for column in COLUMNS if any(row.values[column.key].text not in ("", NONE) for row in table)]


def choices(cells: pd.DataFrame) -> list[Choice]:
    """The axes that have several values, each with its values in order."""
    found = []
    for name, axis in AXES.items():
        values = cells[name].drop_duplicates()
        if len(values) > 1:
            ordered = values if values.dtype == object else values.sort_values()
            found.append(Choice(name, axis.title or name.replace("_", " "), [axis.write(value) for value in ordered]))
    return found


class _Context(NamedTuple):
    """What a row needs to know of the others."""

    results: Results
    ratios: Ratios
    varied: list[str]
    shared: Counter[tuple[Any, Any]]  # how many have that rank in that group
    doubted: dict[tuple[int, int], str]  # why, of the ratios that are doubtful by their point and entry


def _point(cell: points.Row, ratios: Ratios) -> int:
    return -1 if pd.isna(cell["windows"]) else ratios.point(cell)


def _row(context: _Context, cell: points.Row, entry: Entry) -> Row:
    ratios = context.ratios
    point = _point(cell, ratios)
    own = context.doubted.get((point, entry.number), "")
    others = "" if entry.number == ratios.reference else context.doubted.get((point, ratios.reference), "")
    reason = "; ".join(
        filter(None, [attached.in_words(cell) or route.in_words(cell), attached.unknown(cell), reasons(cell)])
    )
    knee = pd.notna(cell["knee_rps"])
    values = {
        "strategy": Value(entry.name, entry.name),
        "clients": _number(cell, "clients", units.count),
        "size": _number(cell, "message_size", AXES["message_size"].write),
        "else": _text(_else(context.results, cell)),
        "rank": _rank(cell, context.shared),
        "rate": _rate(cell, "knee_rps" if knee else "throughput_rps"),
        "ratio": _ratio(ratios.to_reference(point, entry.number), bool(own or others)),
        "p50": _marked(cell, "p50_us", units.duration),
        "p99": _marked(cell, "p99_us", units.duration),
        "delay": _marked(cell, "loader_delay_p50_us", units.duration),
        "cpu": _marked(cell, "server_cpu_us_per_request", units.duration),
        "server": _share(cell, "server_cpu_share"),
        "loader": _share(cell, "loader_cpu_share"),
        "memory": _marked(cell, memory.MEMORY, units.short, memory.of_blocks(cell)),
        "tasks": Value(tasks(cell), "" if pd.isna(cell["threads"]) else f"{cell['threads']:09}"),
        "limit": _text(str(cell["limited_by"])),
        "requests": _number(cell, "requests", units.short),
    }  # fmt: skip
    is_doubtful = cell["verdict"] == "doubtful" or cell["status"] != "ok" or is_starved(cell)
    told = reason if cell["status"] == "ok" else f"{cell['status']}: {reason}"
    at = {name: AXES[name].write(cell[name]) for name in context.varied}
    return Row(entry, point, values, at, bool(is_doubtful), own, told, others)


def _rank(cell: points.Row, shared: Counter[tuple[Any, Any]]) -> Value:
    """Its rank; where others of its group have one and it has none, why."""
    group, rank = points.group_of(cell), cell["rank"]
    if pd.notna(rank):
        return Value(f"{'=' * (shared[group, rank] > 1)}{rank}", _order(rank))
    is_ranked = any(other == group for other, _ in shared) or points.is_attached(cell)
    return Value("unranked", "", unranked.why(cell)) if is_ranked and pd.notna(cell["windows"]) else Value("", "")


def _rate(cell: points.Row, name: str) -> Value:
    """A rate with its interval."""
    value = _marked(cell, name, units.short)
    low, high = cell[f"{name}_low"], cell[f"{name}_high"]
    interval: str = "" if pd.isna(low) else f" ({units.short(low)}{TO}{units.short(high)})"
    figure, mark, _ = value.text.partition(" ?")
    return value._replace(text=figure + interval + mark, title="")


def _ratio(told: Mapping[str, Any], is_doubtful: bool) -> Value:
    """As the page writes it for another reference."""
    if told["y"] != told["y"]:
        return Value(NONE, "")
    mark = " ?" * is_doubtful
    if told["low"] is None:
        return Value(f"{told['y']:.2f}{mark}", _order(told["y"]))
    may_be_one = told["low"] <= 1 <= told["high"]
    words = f"{told['y']:.2f}{' ~' * may_be_one} ({told['low']:.2f}{TO}{told['high']:.2f}){mark}"
    return Value(words, _order(told["y"]))


def _else(results: Results, cell: points.Row) -> str:
    """What a cell's point says beside clients and size, where it isn't usual."""
    others = [
        axis for axis in AXES.values() if axis.name not in BY_ITSELF and cell[axis.name] != results.usual[axis.name]
    ]
    return ", ".join(filter(None, (axis.say(cell[axis.name]) for axis in others)))  # fmt: skip


def _number(cell: points.Row, name: str, write: Callable[[float], str]) -> Value:
    return Value(NONE if pd.isna(cell[name]) else write(cell[name]), _order(cell[name]))


def _share(cell: points.Row, name: str) -> Value:
    return _number(cell, name, lambda share: f"{share * 100:.0f} %")


def _text(text: str) -> Value:
    return Value(text, text)


def _marked(cell: points.Row, name: str, write: Callable[[float], str], aside: str = "") -> Value:
    """A figure with a ? where it is doubtful; beside it its interval, or what is known in place of one."""
    value = cell[name]
    if pd.isna(value):
        return Value(NONE, "")
    doubts = touching(cell, name)
    low, high = cell.get(f"{name}_low"), cell.get(f"{name}_high")
    said = [aside] if pd.isna(low) else [f"95 % interval: {write(low)} to {write(high)}"]
    if name.startswith(("p50", "p99")):
        said += [f"of {units.count(cell['requests'])} requests"]
        said += [f"between {cell['latency_between']}"] if cell["latency_between"] else []
    said += [f"doubtful: {doubt.in_full}" for doubt in doubts]
    return Value(write(value) + " ?" * bool(doubts), _order(value), "; ".join(filter(None, said)))


def _order(value: float) -> str:
    return "" if pd.isna(value) else f"{float(value):.9g}"
