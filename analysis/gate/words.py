"""How the gate's figures are written, the same in terminal, chart and Markdown."""

from math import isnan

import axes
from analysis import units
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row
from analysis.gate.series import Cell

SHOWN = (Outcome.REGRESSION, Outcome.IMPROVEMENT)


def point(cell: Cell, gate: Gate) -> str:
    """Where a cell stands: echo, 100 clients, 64 B."""
    return axes.title(cell.values, gate.results.usual)


def cell(row: Row, gate: Gate) -> str:
    """The strategy, with its group where there are several."""
    several = len({other.cell.point for other in gate.rows}) > 1
    return f"{row.cell.strategy} ({point(row.cell, gate)})" if several else row.cell.strategy


def value(row: Row, number: float) -> str:
    if isnan(number):
        return "-"
    if row.metric.unit == "µs":
        return units.duration(number)
    text = units.count(number) if number >= 100 else f"{number:.3g}"
    return f"{text} MiB" if row.metric.unit == "MiB" else text


def change(row: Row) -> str:
    """-4.2 % ± 0.9; with ~ before it where it was tested and nothing was shown."""
    if isnan(row.change):
        return "-"
    low, high = row.interval
    around = "" if isnan(low) else f" ± {(high - low) / 2 * 100:.1f}"
    shown = row.outcome in SHOWN or row.decision is None
    return f"{'' if shown else '~ '}{row.change * 100:+.1f} %{around}"


def p_value(row: Row) -> str:
    if row.decision is None or isnan(row.decision.p):
        return "-"
    return "<0.001" if row.decision.p < 0.001 else f"{row.decision.p:.3f}"


def detectable(row: Row) -> str:
    """The change that would have been shown."""
    return "-" if isnan(row.detectable) else f"{row.detectable * 100:.1f} %"


def compared(gate: Gate) -> str:
    """What is compared with what."""
    variants = gate.results.run["variants"]
    return " against ".join(_variant(name, variants[name]) for name in (gate.base, gate.head))


def _variant(name: str, facts: dict[str, object]) -> str:
    revision = facts.get("revision")
    if revision:
        asked = f"{facts['asked']}, " if facts.get("asked") else ""
        changed = " and what is not committed" if facts.get("changes") else ""
        return f"{name} ({asked}{str(revision)[:10]}{changed})"
    return f"{name} ({facts['asked']})" if facts.get("asked") else name
