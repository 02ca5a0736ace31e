"""Servers that somebody else runs: where they were met, and what isn't known of them. Columns of cells.csv.

They are compared with their like alone, in a group of their own (analysis/records/points.py), and have no rank: a rank
counts blocks of fresh processes, and all their blocks meet the same ones.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from analysis import hosts
from analysis.judging import route
from analysis.records.columns import Columns, column
from analysis.records.points import Group, Row, group_of, is_attached

NOT_KNOWN = (
    "its CPU time, memory and processes, its CPUs and receive size, whether it works while nobody asks or its "
    "neighbours are asked, and who serves there: its processes aren't ours to look at"
)


def told(cell: Row, windows: Columns | None, run: Mapping[str, Any]) -> dict[str, Any]:
    """What a cell says of where its server is; nothing of one that was started for the run and is asked from here."""
    found: dict[str, Any] = {}
    trips_us = np.empty(0) if windows is None else column(windows, "network_round_trip_us", float)
    if np.isfinite(trips_us).any():
        found["network_round_trip_us"] = float(np.nanmedian(trips_us))
    if is_attached(cell):
        address = str(((run.get("strategies") or {}).get(cell["strategy"]) or {}).get("address") or "")
        host = address.rpartition(":")[0] or "another host"
        found |= {"attached": address, "latency_between": f"{hosts.HERE} and {host}", "not_known": NOT_KNOWN}
    return found


def first(cells: Iterable[Row], run: Mapping[str, Any]) -> dict[Group, str]:
    """Of each group of them the strategy that the others' ratios are taken to: the first one in the run's order."""
    order = {name: place for place, name in enumerate(run.get("strategies") or {})}
    known = [cell for cell in cells if is_attached(cell)]
    found: dict[Group, str] = {}
    for cell in sorted(known, key=lambda cell: order.get(cell["strategy"], len(order))):
        found.setdefault(group_of(cell), str(cell["strategy"]))
    return found


def in_words(cell: Row) -> str:
    """Where it was met, and between what its latencies are; nothing of a server of the run's own."""
    return f"attached at {cell['attached']}; {route.in_words(cell)}" if is_attached(cell) else ""


def unknown(cell: Row) -> str:
    """What isn't known of it and why, without a full stop; nothing of a server of the run's own."""
    return f"not known: {cell['not_known']}" if cell["not_known"] else ""
