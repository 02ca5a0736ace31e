"""Verdicts as people read them: the verdict first, then a line of evidence for each rule."""

from collections.abc import Mapping
from math import inf, isfinite, log1p
from typing import Any

import axes
from analysis.claims.decision import MOST_BLOCKS, Ruling
from analysis.claims.evidence import Evidence
from analysis.claims.verdicts import Verdict
from analysis.judging.crossovers import place
from analysis.records.schema import COLUMNS
from analysis.statistics import Estimate
from axes import AXES

FIGURES = {
    "throughput_rps": "requests a second",
    "server_cpu_us_per_request": "CPU a request",
    "p50_us": "median latency",
    "memory_per_connection_kib": "memory of a connection",
    "starved": "clients never served",
}
TOO_CLOSE = "it lies so close to the threshold that more blocks would hardly tell"


def verdict(one: Verdict) -> str:
    """HOLDS from 310 µs to 360 µs on; NOT SHOWN: about 24 blocks would (--blocks 24)."""
    word = one.outcome.value.upper()
    if one.outcome is Ruling.HOLDS:
        places = [f" {where(rule)}" for rule in one.rules if rule.crossover.is_told]
        return word + (places[0] if len(set(places)) == 1 else "")
    more = needs(one)
    return f"{word}: {more}" if more else word


def told(one: Verdict, usual: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict for programs."""
    said = [evidence(rule, usual) for rule in one.rules]
    return {"name": one.name, "text": one.claim["text"], "outcome": one.outcome.value, "verdict": verdict(one),
            "evidence": said}  # fmt: skip


def where(rule: Evidence) -> str:
    """From which value of the axis on: from 310 µs to 360 µs on."""
    return place(rule.rule["axis"], rule.crossover)


def by_search(rule: Evidence) -> str:
    """Between which values the axis was refined; empty where it wasn't."""
    if not rule.searched:
        return ""
    axis = AXES[rule.rule["axis"]]
    first, last = (axis.write(round(rule.searched[place][0])) for place in (0, -1))
    return f", by a search between {first} and {last}"


def needs(one: Verdict) -> str:
    """What is missing, or what it would take; empty where nothing is."""
    if one.missing or one.outcome is Ruling.NOT_TESTABLE:
        return one.missing
    rule = one.deciding
    if one.outcome is not Ruling.NOT_SHOWN or not one.decided or not rule:
        return ""
    mean = sum(rule.tried.beyond) / max(1, len(rule.tried.beyond))
    if rule.doubts and not (rule.tried.can_hold if mean > 0 else rule.tried.can_fail):
        return f"doubtful: {rule.doubts[0]}"
    blocks = one.decided.blocks_needed
    if blocks == inf:
        near = abs(mean) <= log1p(rule.tried.margin)
        return TOO_CLOSE if near else f"more than {MOST_BLOCKS} blocks would be needed in such an hour"
    return f"about {blocks:.0f} blocks would show it (--blocks {blocks:.0f})" if isfinite(blocks) else ""


def evidence(rule: Evidence, usual: Mapping[str, Any]) -> str:
    """A rule with what was found: its figure, the interval, what was claimed."""
    said = f"{subject(rule)} ({at(rule, usual)})" if at(rule, usual) else subject(rule)
    if rule.missing:
        return f"{said}: {rule.missing}"
    told = f"{said}: {found(rule)}; claimed: {claimed(rule)}"
    if rule.crossover.is_told:
        told += f"; so {where(rule)}{by_search(rule)}"
    return told


def subject(rule: Evidence) -> str:
    """Whose figure, by whose."""
    told = rule.rule
    name = FIGURES.get(told["figure"], told["figure"].removesuffix("_us").replace("_", " "))
    who, by = told["who"], told["by"]
    if told["kind"] == "growth":
        grown = f"growth of {who}'s {name}"
        return f"{grown} by {by}'s" if by else grown
    if told["kind"] == "probe":
        probe, _, figure = told["figure"].replace("_", " ").partition(".")
        name = f"{probe}, {figure} ({told['case']})"
    return f"{who}'s {name}" + f" by {by}'s" * bool(by) if who else name


def at(rule: Evidence, usual: Mapping[str, Any]) -> str:
    """The cell that was asked: echo, 100 clients, 64 B; of a growth from where to where."""
    points = rule.rule["points"]
    if not points:
        return ""
    axis = rule.rule["axis"]
    values = {
        name: AXES[name].unlimited if value is None else value for name, value in points[-1].items() if name in AXES
    }
    if axis:
        values[axis] = tuple(point[axis] or 0 for point in points)
    return axes.title(values, usual)


def found(rule: Evidence) -> str:
    """1.87 times (1.80 to 1.94); 34.2 KiB (34.1 to 34.3); 9."""
    if rule.found.low == rule.found.high:
        return _number(rule.found.value) + _unit(rule, rule.found.value)
    low, high = _number(rule.found.low), _number(rule.found.high)
    told = f"{_number(rule.found.value)}{_unit(rule)} ({low} to {high})"
    if rule.rule["kind"] != "along":
        return told
    axis = AXES[rule.rule["axis"]]
    return f"{told} at {axis.say(rule.rule['points'][-1][axis.name])}"


def claimed(rule: Evidence) -> str:
    """At least 2 times; of a ratio to 1, no less."""
    if _unit(rule) == " times" and rule.threshold == 1:
        return "no less" if rule.sign > 0 else "no more"
    word = "at least" if rule.sign > 0 else "at most"
    return f"{word} {_number(rule.threshold)}{_unit(rule, rule.threshold)}"


def _unit(rule: Evidence, value: float = 0.0) -> str:
    """In the singular of one; what is counted has a plural for its unit."""
    told = rule.rule
    if told["by"] or told["kind"] in ("growth", "along"):
        return " times"
    unit = told.get("unit") or (COLUMNS[told["figure"]].unit if told["figure"] in COLUMNS else "")
    if value == 1 and told["kind"] == "probe":
        unit = unit.removesuffix("s") or unit
    return f" {unit}" if unit else ""


def _number(value: float) -> str:
    """In three digits."""
    if value != value:
        return "unknown"
    if value == inf:
        return "without a bound"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def estimate(one: Estimate) -> str:
    """A ratio with its interval, for a picture's description."""
    return f"{_number(one.value)} ({_number(one.low)} to {_number(one.high)})"
