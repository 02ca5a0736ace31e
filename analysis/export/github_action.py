"""Head's figures for github-action-benchmark: an array of name, unit, value, range and extra.

Its tools customBiggerIsBetter and customSmallerIsBetter read one direction each, so there are two files.
"""

import json

from analysis.gate import words
from analysis.gate.result import Gate, Row


def bigger_is_better(gate: Gate) -> str:
    """JSON of the figures of which more is better."""
    return _render(gate, more_is_worse=False)


def smaller_is_better(gate: Gate) -> str:
    """JSON of the figures of which less is better."""
    return _render(gate, more_is_worse=True)


def _render(gate: Gate, *, more_is_worse: bool) -> str:
    """Those of one direction; doubtful ones are left out. Empty if none is left: an empty array is refused."""
    entries = [
        _entry(row, gate)
        for row in gate.rows
        if row.metric.more_is_worse == more_is_worse and not row.doubt and row.head == row.head
    ]
    return json.dumps(entries, indent=1) + "\n" if entries else ""


def _entry(row: Row, gate: Gate) -> dict[str, str | float]:
    entry: dict[str, str | float] = {
        "name": f"{row.cell.strategy} ({words.point(row.cell, gate)}): {row.metric.name}",
        "unit": row.metric.unit,
        "value": row.head,
    }
    low, high = row.interval
    if low == low:
        entry["range"] = f"± {row.head * (high - low) / 2 / (1 + row.change):.4g}"  # in the unit of the value
    extra = f"{words.change(row)} by base, n = {row.decision.blocks}" if row.decision else words.change(row)
    return entry | {"extra": extra}
