"""Head against base on the page: each figure of each cell with its interval, and the effect in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import pandas as pd

from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row, margin_of
from analysis.gate.series import METRICS, Metric, cells
from analysis.statistics import by_block

LEAST_REACH = 1.3  # of the margin, that a picture of changes has room for on either side
MOST_REACH = 4  # of the largest change: a hopeless interval mustn't hide the rest
WORSE, BETTER = {"server CPU": "dearer"}, {"server CPU": "cheaper"}
SIGNS = {
    Outcome.REGRESSION: ("worse", "M-5,-4.5H5L0,5Z"),
    Outcome.IMPROVEMENT: ("better", "M-5,4.5H5L0,-5Z"),
    Outcome.NO_REGRESSION: ("plain", "M4,0A4,4,0,1,1,-4,0A4,4,0,1,1,4,0Z"),
    Outcome.UNDECIDED: ("hollow", "M4,0A4,4,0,1,1,-4,0A4,4,0,1,1,4,0Z"),
}


@dataclass
class Bar:
    """A change with its interval as a picture from -100 to 100, cut where it goes on beyond."""

    low: float
    at: float
    high: float
    margin: float
    look: str  # a class of the style sheet
    sign: str  # an SVG path


@dataclass
class Change:
    """A figure of a cell at base and at head."""

    who: str
    figure: str
    base: str
    head: str
    change: str
    bar: Bar | None
    effect: str  # in words
    outcome: str
    p: str
    blocks: str
    shows: str  # the loss that would have been shown
    is_shown: bool


def changes(gate: Gate) -> Iterator[Change]:
    """Every row of a gate, as the gate has them."""
    windows = cells(gate.results)
    reach = {metric: _reach(gate, metric) for metric in METRICS}
    for row in gate.rows:
        if row.base != row.base and row.head != row.head and not row.doubt:
            continue  # neither side tells it
        forms = windows.get(row.cell, {})
        yield Change(
            who=words.cell(row, gate),
            figure=row.metric.name,
            base=words.value(row, row.base),
            head=words.value(row, row.head),
            change=words.change(row),
            bar=_bar(row, gate, reach[row.metric]),
            effect=_effect(row.metric, forms, gate),
            outcome=f"doubtful: {row.doubt}" if row.doubt else row.outcome or "reported",
            p=words.p_value(row),
            blocks=str(row.decision.blocks) if row.decision else "-",
            shows=words.detectable(row),
            is_shown=row.metric.decides and row.outcome in words.SHOWN,
        )


def _reach(gate: Gate, metric: Metric) -> float:
    """How far the pictures of a figure go to either side, as a share."""
    rows = [row for row in gate.rows if row.metric == metric and row.change == row.change]
    most = max([LEAST_REACH * margin_of(metric, gate.results.run["gate"]), *(1.1 * abs(row.change) for row in rows)])
    ends = [1.05 * abs(end) for row in rows for end in row.interval if end == end]
    return min(max([most, *ends]), MOST_REACH * most)


def _bar(row: Row, gate: Gate, reach: float) -> Bar | None:
    low, high = row.interval
    if row.decision is None or row.doubt or low != low:
        return None
    look, sign = SIGNS[row.decision.outcome if row.metric.decides else Outcome.UNDECIDED]
    low, at, high = (min(100.0, max(-100.0, 100 * value / reach)) for value in (low, row.change, high))
    margin = 100 * margin_of(row.metric, gate.results.run["gate"]) / reach if row.metric.decides else 0.0
    return Bar(round(low, 1), round(at, 1), round(high, 1), round(margin, 1), look, sign)


def _effect(metric: Metric, forms: Mapping[str, pd.DataFrame], gate: Gate) -> str:
    """In how many pairs of windows, or of blocks where none are pairs, head is worse or better."""
    if metric.rounds is None or not {gate.base, gate.head} <= set(forms):
        return ""
    base, head = metric.rounds(forms[gate.base]), metric.rounds(forms[gate.head])
    pairs = [(base[place], head[place]) for place in base if place in head]
    pairs = pairs or list(product(by_block(base).values(), by_block(head).values()))
    known = [(one, other) for one, other in pairs if one == one and other == other]
    if not known:
        return ""
    more = sum(1.0 if other > one else 0.5 if other == one else 0.0 for one, other in known) / len(known)
    worse = more if metric.more_is_worse else 1 - more
    word = WORSE.get(metric.name, "slower") if worse >= 0.5 else BETTER.get(metric.name, "faster")
    return f"{word} in {max(worse, 1 - worse):.0%} of {len(known)} pairs"
