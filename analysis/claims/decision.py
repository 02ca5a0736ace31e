"""From one logarithm a block to an outcome: pure functions, the same for a run, a replay and a test.

A rule's value is how far its figure lies beyond the threshold, on the log scale: above zero is the claim's side. It is
tested on both sides, by Student's t over blocks. A pair of six blocks knows its variance badly, so it is moved towards
what is usual among the rules of the file, as ranks do it (Smyth 2004), by as much as these agree.

A claim with several rules holds if all do: its p value on that side is the greatest of theirs. It is refuted if one is:
the least, times how many there are. The better side counts twice. Holm's procedure over the claims of a file keeps a
single wrong outcome, whichever side, under PROMISE. The tests spend half of that: the usual variance is itself an
estimate, and rules share strategies (benchmarks/claims_replay.py shows what that leaves).

What is shown and lies within the margin of its threshold is called neither. Counts have no noise and need no test.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, log1p, nan
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.special import stdtr, stdtrit

from analysis.ranking import LEAST, ROUNDING, usual
from analysis.statistics import holm

PROMISE = 0.01  # of files: a single wrong outcome among all claims
ERROR = PROMISE / 2  # what the tests of a file spend
CORRELATION = 0.25  # of log variances, as of ratios that have a strategy in common
WORTH = 1 / 3  # of what the other rules would tell of a variance if they had nothing in common
POWER = 0.95  # with which "so many blocks would show it" is said
MOST_BLOCKS = 200  # that anybody would wait for

Name = TypeVar("Name", bound=Hashable)


class Ruling(StrEnum):
    HOLDS = "holds"
    REFUTED = "refuted here"
    NOT_SHOWN = "not shown"
    NOT_TESTABLE = "not testable here"


@dataclass(frozen=True)
class Tried:
    """A rule as it was tried: a value a block, or a count that lies on one side."""

    beyond: Sequence[float] = ()  # logarithms: how far beyond the threshold, above zero on the claim's side
    margin: float = 0.0  # as a share
    can_hold: bool = True  # no doubt forbids it
    can_fail: bool = True
    counted: bool | None = None  # whether it is true, where it is counted

    @property
    def has_noise(self) -> bool:
        return self.counted is None


class Tested(NamedTuple):
    """A rule's p values on either side, each against all on the other side of the threshold."""

    hold: float
    fail: float
    mean: float  # of the logarithms
    deviation: float  # between blocks, moved towards the usual
    freedom: float  # degrees of it
    blocks: int


class Decided(NamedTuple):
    """What is said of a claim."""

    outcome: Ruling
    p: float  # two-sided; NaN where nothing has noise
    blocks_needed: float  # that would show it, as it looks; infinite: none would; NaN: there is nothing to tell it from
    deciding: int  # the place of the rule that refuted it, or that keeps it from being shown


UNTESTED = Tested(1.0, 1.0, nan, nan, nan, 0)


def decide(claims: Mapping[Name, Sequence[Tried]]) -> dict[Name, Decided]:
    """The outcome of each claim of a file."""
    tested = tests(claims)
    sides = {name: _sides(rules, tested[name]) for name, rules in claims.items()}
    p_values = {name: min(1.0, 2 * min(one)) for name, one in sides.items()}
    family = len([name for name, rules in claims.items() if any(rule.has_noise for rule in rules)])
    shown = set(holm({name: p for name, p in p_values.items() if _has_noise(claims[name])}, ERROR))
    found = {}
    for name, rules in claims.items():
        is_shown = name in shown or (not _has_noise(rules) and min(sides[name]) == 0)
        outcome, place = _outcome(rules, tested[name], sides[name], is_shown)
        needed = nan if outcome is not Ruling.NOT_SHOWN else needed_blocks(rules[place], tested[name][place], family)
        found[name] = Decided(outcome, p_values[name] if _has_noise(rules) else nan, needed, place)
    return found


def tests(claims: Mapping[Name, Sequence[Tried]]) -> dict[Name, list[Tested]]:
    """Of each rule: those that have noise, by the moderated t test."""
    places = [
        (name, place)
        for name, rules in claims.items()
        for place, rule in enumerate(rules)
        if rule.has_noise and len(rule.beyond) > 1
    ]
    found = {name: [UNTESTED] * len(rules) for name, rules in claims.items()}
    if not places:
        return found
    samples = [np.asarray(claims[name][place].beyond, dtype=float) for name, place in places]
    freedom = np.array([len(sample) - 1.0 for sample in samples])
    variances = np.array([sample.var(ddof=1) for sample in samples])
    variances = np.maximum(variances, max(LEAST * float(np.median(variances)), ROUNDING))
    prior = usual(variances, freedom, CORRELATION)
    known = min(prior.freedom, WORTH * (len(samples) - 1) * float(freedom.max()))
    moved = (known * prior.variance + freedom * variances) / (known + freedom)
    for (name, place), sample, variance, free in zip(places, samples, moved, freedom + known, strict=True):
        rule, mean = claims[name][place], float(sample.mean())
        t = mean / (variance / len(sample)) ** 0.5
        hold, fail = float(stdtr(free, -t)), float(stdtr(free, t))
        found[name][place] = Tested(
            hold if rule.can_hold else 1.0,
            fail if rule.can_fail else 1.0,
            mean,
            float(variance**0.5),
            float(free),
            len(sample),
        )
    return found


def needed_blocks(rule: Tried, tested: Tested, family: int) -> float:
    """How many blocks would show what its mean looks like; infinite where none would."""
    if not rule.has_noise or not tested.blocks or not (rule.can_hold if tested.mean > 0 else rule.can_fail):
        return nan
    if abs(tested.mean) <= log1p(rule.margin):
        return inf
    probability = 1 - ERROR / (2 * max(family, 1))
    prior = tested.freedom - (tested.blocks - 1)
    for blocks in range(tested.blocks + 1, MOST_BLOCKS + 1):
        reach = sum(float(stdtrit(blocks - 1 + prior, share)) for share in (probability, POWER))
        if abs(tested.mean) >= reach * tested.deviation / blocks**0.5:
            return blocks
    return inf


def _has_noise(rules: Sequence[Tried]) -> bool:
    """Whether a test has to decide: not where all is counted, nor where a count refutes it."""
    return any(rule.has_noise for rule in rules) and not any(rule.counted is False for rule in rules)


def _sides(rules: Sequence[Tried], tested: Sequence[Tested]) -> tuple[float, float]:
    """The p values of a claim: that it holds, that it doesn't."""
    hold = [one.hold if rule.has_noise else 1.0 - bool(rule.counted) for rule, one in zip(rules, tested, strict=True)]
    fail = [one.fail for rule, one in zip(rules, tested, strict=True) if rule.has_noise]
    refuted = min(1.0, len(fail) * min(fail, default=1.0))
    return max(hold, default=1.0), 0.0 if any(rule.counted is False for rule in rules) else refuted


def _outcome(
    rules: Sequence[Tried], tested: Sequence[Tested], sides: tuple[float, float], is_shown: bool
) -> tuple[Ruling, int]:
    """What is said, and by which rule."""
    for place, rule in enumerate(rules):
        if rule.counted is False:
            return Ruling.REFUTED, place
    noisy = [place for place, rule in enumerate(rules) if rule.has_noise]
    if not noisy:
        return Ruling.HOLDS, 0
    worst = max(noisy, key=lambda place: (tested[place].hold, -tested[place].mean))
    least = min(noisy, key=lambda place: tested[place].fail)
    if is_shown and sides[0] < sides[1]:
        held = all(tested[place].mean > log1p(rules[place].margin) for place in noisy)
        closest = min(noisy, key=lambda place: tested[place].mean)
        return (Ruling.HOLDS, worst) if held else (Ruling.NOT_SHOWN, closest)
    if is_shown and tested[least].mean < -log1p(rules[least].margin):
        return Ruling.REFUTED, least
    return Ruling.NOT_SHOWN, least if sides[1] < sides[0] else worst
