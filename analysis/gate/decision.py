"""From one log ratio per block to an outcome: pure functions, the same for a run, a replay and a test.

Blocks are looked at when there are `first_look` of them (10), at each doubling (20, 40, ...), and at the end.

Alarm. Whatever looks changed at a look (`screening`, and by half the `floor`) becomes a candidate, and is tested on
blocks measured after that alone: what made it look so can't confirm it. The candidates of a look are tested together
(Holm). All looks together may raise a false alarm in one run of a hundred (`alarms`): the first that tests
spends half of that, each further one half of what is left, the last one the rest. Less than `floor` is no alarm.

Promise. "No regression beyond the margin" is a one-sided bound on all blocks, wrong in at most one case of
twenty (`promise`) for a figure that has lost exactly the margin, spent over the looks in the same way.

What isn't looked at while it is measured, as two folders of results, is concluded upon at once, with all of that rate.

A loss is positive: the logarithm of how much slower, or more costly, head is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import expm1, log1p, nan
from typing import Any, NamedTuple, TypeVar

import numpy as np

from analysis.statistics import half_width, holm, p_value, t_quantile

Key = TypeVar("Key")
POWER = 0.95  # with which a change that "could have been shown" would have been


class Outcome(StrEnum):
    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    NO_REGRESSION = "no regression beyond the margin"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Rules:
    """The table [gate] of bench.toml, as far as decisions go."""

    first_look: int  # blocks
    alarms: float
    screening: float
    promise: float
    floor: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Rules":
        """From the whole table."""
        return cls(**{rule.name: settings[rule.name] for rule in fields(cls)})

    def among(self, questions: int) -> "Rules":
        """For one of so many: together they take chance for a change as rarely as one alone."""
        return replace(self, screening=self.screening / max(questions, 1))


class Series(NamedTuple):
    """A figure of a cell: its loss in each block (by number), and the loss that must not go unseen."""

    losses: Mapping[int, float]
    margin: float  # as a share of the base


class Decision(NamedTuple):
    """What is said of a figure, and from which blocks."""

    outcome: Outcome
    loss: float  # mean of the blocks it was decided on, on the log scale
    half: float  # half the width of its 95 % interval
    p: float  # p value, before Holm's correction
    blocks: int


class Look(NamedTuple):
    blocks: int  # that have been measured by then
    share: float  # of the promise's error rate that is spent here; an alarm's is spent from the second look on
    is_last: bool


def looks(blocks: int, first: int, ended: bool) -> Iterator[Look]:
    """The looks at a run with so many blocks so far; one that has ended is looked at a last time."""
    share, at = 0.5, first
    while at < blocks or (at == blocks and not ended):
        yield Look(at, share, False)
        at, share = 2 * at, share / 2
    if ended and blocks >= first:
        yield Look(blocks, 2 * share, True)


def is_look(blocks: int, first: int) -> bool:
    """Whether a run that goes on is looked at after so many blocks."""
    return any(look.blocks == blocks for look in looks(blocks, first, ended=False))


def decide(series: Mapping[Key, Series], rules: Rules, blocks: int, ended: bool) -> dict[Key, Decision]:
    """The outcome of each series of a run with so many blocks so far.

    A run that has ended is looked at a last time, unless it ended because there was nothing left to decide.
    """
    decided = _decided(series, rules, blocks, looks(blocks, rules.first_look, ended=False))
    if ended and any(one.outcome == Outcome.UNDECIDED for one in decided.values()):
        decided = _decided(series, rules, blocks, looks(blocks, rules.first_look, ended=True))
    return decided


def _decided(series: Mapping[Key, Series], rules: Rules, blocks: int, at: Iterable[Look]) -> dict[Key, Decision]:
    decided: dict[Key, Decision] = {}
    fresh_from: dict[Key, int] = {}  # candidates
    ever_tested: set[Key] = set()
    for look in at:
        waiting = {key: one for key, one in series.items() if key not in decided}
        tested = {
            key: fresh
            for key in fresh_from
            if key in waiting and len(fresh := _between(waiting[key], fresh_from[key], look.blocks)) >= rules.first_look
        }
        ever_tested |= set(tested)
        alarmed = {key for key, one in decided.items() if one.outcome != Outcome.NO_REGRESSION}
        decided |= _alarms(tested, len(ever_tested - alarmed), rules, look)
        for key, one in waiting.items():
            seen = _between(one, 0, look.blocks)
            if key in decided or len(seen) < rules.first_look:
                continue
            if key not in fresh_from and not look.is_last and _looks_changed(seen, rules):
                fresh_from[key] = look.blocks  # and isn't let go before that is tested
            elif (key in tested or key not in fresh_from) and _holds(seen, one.margin, rules.promise * look.share):
                decided[key] = _decision(Outcome.NO_REGRESSION, seen)
    rest = {key: one for key, one in series.items() if key not in decided}
    return decided | {key: summary(_between(one, 0, blocks)) for key, one in rest.items()}


def _alarms(tested: Mapping[Key, Sequence[float]], family: int, rules: Rules, look: Look) -> dict[Key, Decision]:
    """Those candidates that are confirmed on their fresh blocks: Holm's procedure.

    The family holds those too that were tested before and let go since: to leave them out by what they showed
    would make it easier for the rest.
    """
    p_values = {key: p_value(losses) for key, losses in tested.items()}
    shown = {key: summary(tested[key]) for key in holm(p_values, rules.alarms * 2 * look.share, family)}
    return {key: one._replace(outcome=_direction(one.loss)) for key, one in shown.items() if _counts(one.loss, rules)}


def conclude(found: Mapping[Key, Decision], margins: Mapping[Key, float], rules: Rules) -> dict[Key, Decision]:
    """The outcomes where all there is was looked at once: the whole rate of false alarms is spent on that."""
    shown = holm({key: one.p for key, one in found.items()}, rules.alarms)
    outcomes = {key: _direction(found[key].loss) for key in shown if _counts(found[key].loss, rules)}
    outcomes |= {
        key: Outcome.NO_REGRESSION
        for key, one in found.items()
        if key not in outcomes and one.loss + one.half < log1p(margins[key])
    }
    return {key: one._replace(outcome=outcomes.get(key, Outcome.UNDECIDED)) for key, one in found.items()}


def _direction(loss: float) -> Outcome:
    return Outcome.REGRESSION if loss > 0 else Outcome.IMPROVEMENT


def _counts(loss: float, rules: Rules) -> bool:
    """Whether it is large enough to be called a change."""
    return abs(loss) > log1p(rules.floor)


def _looks_changed(losses: Sequence[float], rules: Rules) -> bool:
    return p_value(losses) <= rules.screening and abs(float(np.mean(losses))) > log1p(rules.floor) / 2


def looks_worse(losses: Sequence[float], rules: Rules) -> bool:
    """Whether they look changed, and for the worse; nothing is decided by it."""
    return len(losses) > 1 and float(np.mean(losses)) > 0 and _looks_changed(losses, rules)


def _holds(losses: Sequence[float], margin: float, error: float) -> bool:
    """Whether the loss is shown to be under the margin."""
    bound = float(np.mean(losses)) + t_quantile(len(losses), 1 - error) * deviation(losses) / len(losses) ** 0.5
    return bound < log1p(margin)


def _decision(outcome: Outcome, losses: Sequence[float]) -> Decision:
    if len(losses) < 2:
        return Decision(outcome, float(np.mean(losses)) if losses else nan, nan, nan, len(losses))
    return Decision(outcome, float(np.mean(losses)), half_width(losses), p_value(losses), len(losses))


def _between(series: Series, start: int, end: int) -> list[float]:
    return [loss for block, loss in series.losses.items() if start <= block < end]


def summary(losses: Sequence[float]) -> Decision:
    """The mean with its interval, of which nothing is decided."""
    return _decision(Outcome.UNDECIDED, losses)


def deviation(losses: Sequence[float]) -> float:
    """Standard deviation of a block's loss; NaN for fewer than two."""
    return float(np.std(losses, ddof=1)) if len(losses) > 1 else nan


def detectable(spread: float, blocks: int, rules: Rules, margin: float) -> float:
    """The loss, as a share, that is shown in 95 of 100 cases where there are so many blocks, two looks' at least.

    A run ends sooner only where nothing looks changed. Of a single candidate with normal noise: it must look changed at
    one look and be confirmed at a later one, each of them failing in half of the remaining cases. What is
    below the margin may be let go at any look but the first that tests it, so it has that one look.
    """
    plan = list(looks(max(blocks, 2 * rules.first_look), rules.first_look, ended=True))
    found = []
    for first, seen in enumerate(plan):
        for later, tested in enumerate(plan[first + 1 :]):
            fresh = tested.blocks - seen.blocks
            if fresh >= rules.first_look:
                alarm = 1 - rules.alarms * 2 * tested.share / 2
                needed = max(
                    _reach(seen.blocks, 1 - rules.screening / 2) * spread,
                    _reach(fresh, alarm) * spread,
                    log1p(rules.floor) + _reach(fresh, 0.5) * spread,
                )
                is_first_test = first == 0 and later == 0
                found.append(expm1(needed) if is_first_test else max(expm1(needed), margin))
    return min(found)


def _reach(blocks: int, threshold: float) -> float:
    """How far a mean must lie from zero to pass this quantile of t where half of what POWER leaves may fail."""
    return (t_quantile(blocks, threshold) + t_quantile(blocks, (1 + POWER) / 2)) / blocks**0.5


def blocks_for(spread: float, loss: float, rules: Rules, margin: float, most: int = 10_000) -> int | None:
    """How many blocks show such a loss (a share) in 95 of 100 cases; None if more than `most` are needed."""
    blocks = 2 * rules.first_look
    while blocks <= most:
        if detectable(spread, blocks, rules, margin) <= loss + 1e-12:
            return blocks
        blocks = max(blocks + 1, round(blocks * 1.05))
    return None
