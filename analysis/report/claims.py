"""A trial on the page: each claim with its verdict, its picture, the cause under it, and what would change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.claims import words
from analysis.claims.causes import COLUMNS, SYSTEM_CALLS, causes
from analysis.claims.decision import Ruling
from analysis.claims.evidence import Evidence
from analysis.claims.picture import Line, Place, lines, placed, reach
from analysis.claims.verdicts import Verdict, verdicts
from analysis.records.reading import Results
from analysis.report import code, repeat
from analysis.report.essential import essential
from analysis.tables.claims import READING, summary
from axes import AXES

LOOKS = {Ruling.HOLDS: "better", Ruling.REFUTED: "worse"}
WIDE, TALL = 300, 120  # of the picture of a curve
SIGNS = {-1: "M4,-5L-5,0L4,5Z", 0: "M4,0A4,4,0,1,1,-4,0A4,4,0,1,1,4,0Z", 1: "M-4,-5L5,0L-4,5Z"}  # arrows: beyond it


@dataclass
class Bar:
    """A rule's figure by its threshold as a picture from -100 to 100."""

    low: float
    at: float
    high: float
    side: int  # 1: the claim's side is to the right
    looks: str  # a class of the style sheet
    sign: str  # a path


@dataclass
class Told:
    """A rule in a row."""

    subject: str
    at: str
    found: str
    claimed: str
    bar: Bar | None
    doubts: str


@dataclass
class Curve:
    """A rule along an axis: SVG paths in a picture of WIDE by TALL."""

    subject: str
    path: str
    band: str  # its interval
    one: float  # the height of the threshold
    crossing: tuple[float, float] | None  # where a crossover's interval lies
    ticks: list[tuple[float, str]]
    title: str
    description: str


@dataclass
class Differing:
    """The few lines that tell the two strategies of a claim apart."""

    one: str
    other: str
    where: str  # their files, or that they are of one
    lines: Markup
    has_changed: bool  # since the run


@dataclass
class Card:
    """A claim."""

    name: str
    text: str
    source: str
    verdict: str
    more: str  # what it would take
    looks: str
    means: str
    changes: str
    rules: list[Told]
    curves: list[Curve]
    causes: list[tuple[str, dict[str, str]]]
    columns: list[str]  # of the causes
    differing: Differing | None  # None where it compares no two of this project's servers
    command: str  # that tries it alone


@dataclass
class Trial:
    """All claims of a run."""

    title: str
    summary: str
    reading: str
    command: str
    cards: list[Card]


def trial(results: Results, cells: pd.DataFrame) -> Trial | None:
    """None for a run without claims."""
    found = verdicts(results, cells)
    if not found:
        return None
    title = results.run.get("claims_title") or "claims"
    cards = [_card(one, results) for one in found]
    return Trial(title, summary(found), READING, repeat.command(results.run), cards)


def _card(one: Verdict, results: Results) -> Card:
    claim = one.claim
    found = {id(place.rule): place for place in placed(one)}
    far = reach(one.rules)
    verdict, _, more = words.verdict(one).partition(": ")
    known = list(causes(one, results))
    return Card(
        name=one.name,
        text=claim["text"],
        source=claim["source"],
        verdict=verdict,
        more=more,
        looks=LOOKS.get(one.outcome, "hollow"),
        means=claim["means"],
        changes=claim["changes"],
        rules=[_told(rule, found.get(id(rule)), far, results) for rule in one.rules],
        curves=[_curve(line) for line in lines(one)],
        causes=known,
        columns=[name for name in [*COLUMNS.values(), SYSTEM_CALLS] if any(name in told for _, told in known)],
        differing=_differing(one, results.run),
        command=repeat.of_claim(results.run, one.name),
    )


def _differing(one: Verdict, run: Mapping[str, Any]) -> Differing | None:
    """Of the deciding rule that compares two strategies, or the first that does."""
    rules = [*([one.deciding.rule] if one.deciding else []), *one.claim["rules"]]
    who, by = next(((rule["who"], rule["by"]) for rule in rules if rule["by"]), ("", ""))
    mine, others = code.source(run, who), code.source(run, by)
    if not mine or not others:
        return None
    if mine == others:
        where = f"both are {code.named(mine)}, started otherwise"
        lines = [f"{sign} {run['strategies'][name]['command']}" for sign, name in (("-", by), ("+", who))]
    else:
        where = f"{code.named(others)} and {code.named(mine)}"
        try:
            lines = essential(others, mine)
        except SyntaxError:  # somebody is in the midst of changing it
            return None
    has_changed = any(code.has_changed(run, path) for path in (mine, others))
    return Differing(by, who, where, code.as_diff(lines), has_changed)


def _told(rule: Evidence, drawn: Place | None, far: float, results: Results) -> Told:
    bar = None
    if drawn:
        low, at, high = (round(100 * place / far, 1) for place in (drawn.low, drawn.at, drawn.high))
        bar = Bar(low, at, high, drawn.side, drawn.looks, SIGNS[drawn.beyond])
    where = f"; so {words.where(rule)}{words.by_search(rule)}" if rule.crossover.is_told else ""
    return Told(
        words.subject(rule),
        words.at(rule, results.usual),
        rule.missing or words.found(rule) + where,
        words.claimed(rule),
        bar,
        "; ".join(rule.doubts),
    )


def _curve(line: Line) -> Curve:
    """The ratio by the threshold at each value, both axes logarithmic."""
    axis = AXES[line.rule.rule["axis"]]
    places = _places([value for value, _ in line.points])
    ends = [log(end) for _, at in line.points for end in (at.value, at.low, at.high) if 0 < end < float("inf")]
    bottom, top = min([-0.2, *ends]), max([0.2, *ends])

    def height(value: float) -> float:
        share = (log(value) - bottom) / (top - bottom) if 0 < value < float("inf") else float(value > 1)
        return round(TALL * (1 - share), 1)

    def path(values: Sequence[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{x},{height(value)}" for x, value in values)

    at = list(zip(places, (estimate for _, estimate in line.points), strict=True))
    upper, lower = [(x, one.high) for x, one in at], [(x, one.low) for x, one in reversed(at)]
    told = ", ".join(f"{axis.write(round(value))}: {words.estimate(one)}" for value, one in line.points)
    return Curve(
        words.subject(line.rule),
        path([(x, one.value) for x, one in at]),
        path([*upper, *lower]) + "Z",
        height(1.0),
        _crossing(line, places),
        [(x, axis.write(round(value))) for x, (value, _) in zip(places, line.points, strict=True)],
        axis.title,
        told,
    )


def _places(values: Sequence[float]) -> list[float]:
    """Where values stand: by their logarithms, or evenly where one has none."""
    if values[0] <= 0:
        return [round(WIDE * place / (len(values) - 1), 1) for place in range(len(values))]
    first, last = log(values[0]), log(values[-1])
    return [round(WIDE * (log(value) - first) / (last - first), 1) for value in values]


def _crossing(line: Line, places: Sequence[float]) -> tuple[float, float] | None:
    if not line.crossover.is_told:
        return None
    values = [value for value, _ in line.points]
    ends = (max(line.crossover.low, values[0]), min(line.crossover.high, values[-1]))
    left, right = (_places([values[0], end, values[-1]])[1] if values[0] < end < values[-1]
                   else places[0 if end <= values[0] else -1] for end in ends)  # fmt: skip
    return left, max(right - left, 1.0)
