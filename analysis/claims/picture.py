"""A claim as a picture: each rule's figure by its threshold, and what lies on the claim's side.

The page draws it as SVG, charts/ as a picture of its own: both from these numbers.
"""

from collections.abc import Sequence
from math import exp, isfinite, log
from typing import NamedTuple

from analysis.claims.decision import Ruling
from analysis.claims.evidence import Evidence
from analysis.claims.verdicts import Verdict
from analysis.crossover import Crossover
from analysis.statistics import Estimate

LEAST, MOST = log(1.25), log(30.0)  # how far a picture goes to either side of the threshold, on the log scale


class Place(NamedTuple):
    """A rule's place: logarithms of its figure by the threshold, cut where they lie beyond the picture."""

    rule: Evidence
    low: float
    at: float
    high: float
    side: int  # 1: the claim's side is to the right
    looks: str  # better: on the claim's side, worse: on the other, hollow: not shown
    beyond: int  # 1: the figure lies beyond the picture's right end, -1: its left one


class Line(NamedTuple):
    """A rule along an axis: its ratio by the threshold at each value."""

    rule: Evidence
    points: tuple[tuple[float, Estimate], ...]
    crossover: Crossover


def reach(rules: Sequence[Evidence]) -> float:
    """How far the picture goes to either side."""
    ends = [abs(_log(value, rule.threshold)) for rule in rules if not rule.missing for value in rule.found]
    known = [end for end in ends if isfinite(end)]
    return min(max([LEAST, *(1.15 * end for end in known)]), MOST)


def placed(verdict: Verdict) -> list[Place]:
    """Of the rules that have a figure."""
    far = reach(verdict.rules)
    found = []
    for rule in verdict.rules:
        if rule.missing or rule.found.value != rule.found.value:
            continue
        ends = (rule.found.low, rule.found.value, rule.found.high)
        whole = [_log(value, rule.threshold) for value in ends]
        low, at, high = (_cut(place, far) for place in whole)
        beyond = (whole[1] > far) - (whole[1] < -far)
        found.append(Place(rule, low, at, high, rule.sign, _looks(rule, verdict.outcome), beyond))
    return found


def lines(verdict: Verdict) -> list[Line]:
    """Of the rules along an axis."""
    return [
        Line(
            rule,
            tuple((value, Estimate(*(part / rule.threshold for part in at))) for value, at in rule.curve),
            rule.crossover,
        )
        for rule in verdict.rules
        if len(rule.curve) > 1 and all(at.value == at.value for _, at in rule.curve)
    ]


def ratio(place: float) -> float:
    """What a place is in times the threshold."""
    return exp(place)


def _looks(rule: Evidence, outcome: Ruling) -> str:
    on_its_side = rule.tried.counted
    if on_its_side is None and outcome is not Ruling.NOT_SHOWN:
        ends = [rule.sign * _log(value, rule.threshold) for value in (rule.found.low, rule.found.high)]
        on_its_side = True if min(ends) > 0 else False if max(ends) < 0 else None
    if on_its_side is None:
        return "hollow"
    return "better" if on_its_side else "worse"


def _log(value: float, threshold: float) -> float:
    """A count of zero lies as far as the picture goes; against a threshold of zero it is on the spot."""
    if not threshold:
        return 0.0 if not value else float("inf")
    return log(value / threshold) if value > 0 else float("-inf")


def _cut(place: float, far: float) -> float:
    return min(far, max(-far, place)) if place == place else 0.0
