"""What makes a cell, beside its strategy and variant: each axis defined here, once.

A cell is a strategy in a variant at one value of each axis. A group is the cells that are compared with each other:
they differ in strategy and variant alone, and in the values of one axis where the group is compared *along* it.

From this list come the keys of a matrix entry in bench.toml, the options of the command line, the placeholders of a
server's command, what the load generator is told, the fields of run.json and windows.jsonl, the columns of cells.csv,
the words in titles and file names, and the charts. Both wings read it; it imports neither. run.json carries it, so
that a results folder says itself what its cells are made of.

What else an axis needs is listed in CONTRIBUTING.md; the receive size is the simplest example.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from axes.axis import SERVERS, Axis, Company, Handler, Service, Side
from axes.rows import (
    ANSWERED,
    AXES,
    BESIDE,
    BY_KEY,
    BYTES,
    IN_DATAGRAMS,
    LARGEST_DATAGRAM,
    LOCAL,
    OF_SERVICE,
    OF_STREAMS,
    STAYING,
    company_of,
    connections_stay,
    ended_after,
)

__all__ = [
    "ALONG",
    "ANSWERED",
    "ATTACHED",
    "AXES",
    "BESIDE",
    "BYTES",
    "BY_KEY",
    "IN_DATAGRAMS",
    "LARGEST_DATAGRAM",
    "LOCAL",
    "OF_SERVICE",
    "OF_STREAMS",
    "STAYING",
    "Axis",
    "Company",
    "Handler",
    "Service",
    "company_of",
    "connections_stay",
    "ended_after",
]

ITERATIONS = "iterations"  # a setting of servers, no axis: how many a handler that computes makes for a message
FIRST_LEFT_OUT = 3  # version of the results folder: its axes' options are left out where they are usual
ATTACHED = "attached"  # the variant of a server that somebody else runs: it is compared with its like alone
ALONG = "along"  # in files: the axis that a group compares along, empty for most


def settled(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The axes that have one value beside these: what the service leaves no choice of, what no handler needs."""
    found = dict(OF_SERVICE.get(chosen.get("service", ""), {}))
    for axis in AXES.values():
        if axis.of and chosen.get(axis.of, AXES[axis.of].usual) == AXES[axis.of].usual:
            found[axis.name] = axis.usual
    return found


def told(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What of a server's settings it is told by options: not what is usual where servers of old revisions had none."""
    left_out = {axis.name: axis.usual for axis in on("command") if axis.since >= FIRST_LEFT_OUT} | {ITERATIONS: 0}
    return {name: value for name, value in settings.items() if name not in left_out or value != left_out[name]}


def of_servers() -> list[Axis]:
    """The axes that servers of one service are told apart by: those with other values on them are other processes."""
    return [axis for axis in AXES.values() if axis.name != "service" and set(SERVERS) & set(axis.sides)]


def of_owner() -> list[str]:
    """The axes on which a server stands as whoever starts it has set it: of one that is attached nobody knows where."""
    return [axis.name for axis in of_servers() if axis.setting]


def comparable() -> list[Axis]:
    """The axes that a group may be compared along."""
    return [axis for axis in AXES.values() if axis.compares]


def on(side: Side) -> Iterator[Axis]:
    """The axes that concern a side."""
    return (axis for axis in AXES.values() if side in axis.sides)


def title(values: Mapping[str, Any], usual: Mapping[str, Any], *, in_full: bool = False) -> str:
    """A group in a line: echo, 100 clients, 64 B. Of the axis that it compares along, `values` has all values."""
    text = ""
    for axis, value in _said(values, usual, in_full):
        said = axis.several(value, " | ") if isinstance(value, tuple) else axis.say(value)
        if said:
            text += (" " if axis.continues and not isinstance(value, tuple) else ", ") + said
    return text.removeprefix(", ")


def description(values: Any, usual: Mapping[str, Any], but: Collection[str] = ()) -> str:
    """A point under a chart's title: service echo · 64 B messages ..., without some of the axes."""
    parts = [axis.describe(value) for axis, value in _said(values, usual, in_full=True) if axis.name not in but]
    return " · ".join(filter(None, parts))


def _said(values: Mapping[str, Any], usual: Mapping[str, Any], in_full: bool) -> Iterator[tuple[Axis, Any]]:
    for axis in AXES.values():
        value = values[axis.name]
        if axis.said == "always" or (in_full and axis.said == "in full") or value != usual[axis.name]:
            yield axis, value


def recorded(values: Mapping[str, Any]) -> dict[str, Any]:
    """A point as files have it: what is without a limit is null, the values of an axis along are a list."""
    return {
        name: list(value) if isinstance(value, tuple) else None if value == AXES[name].unlimited else value
        for name, value in values.items()
    }


def as_record(usual: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The axes as run.json has them: what a reader needs who doesn't know this list."""
    return [
        {"name": axis.name, "kind": axis.kind, "unit": axis.unit, "usual": usual[axis.name], "sides": list(axis.sides)}
        for axis in AXES.values()
    ]
