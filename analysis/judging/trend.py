"""How a strategy's rate changes from round to round of a block: what leaks, or warms up, has no rate of its own.

A round is a moment of the machine, and what it does to all is no trend of one. So where a strategy has three neighbours
or more, what the middle one of them did in each round is taken out. Beside fewer it can't be told who moved, and the
strategy's own rates stand. The change is that of a straight line through the logarithms, from a block's first round to
its last; blocks are what repeats.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import expm1, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.ranking import ROUNDING, usual
from analysis.statistics import NAN, UNKNOWN, ByRound, Estimate, Name

NEIGHBOURS = 3
ERROR = 0.01  # the share of runs in which chance passes for a trend anywhere


def changes(group: Mapping[Name, ByRound]) -> dict[Name, list[float]]:
    """The last round's rate by the first's, as a logarithm, of each of a group in each block.

    Of blocks with two rounds or more in which it has replies.
    """
    found: dict[Name, list[float]] = {name: [] for name in group}
    beside: dict[tuple[int, ...], NDArray[np.float64]] = {}  # most have replies in the same rounds of a block
    for name, own in group.items():
        blocks: dict[int, dict[int, float]] = {}
        for (block, round_), rate in own.items():
            if rate > 0:
                blocks.setdefault(block, {})[round_] = rate
        for block, rounds in blocks.items():
            if len(rounds) > 1:
                if (block, *rounds) not in beside:
                    beside[block, *rounds] = _in_order(group.values(), block, rounds)
                moved = _moved(beside[block, *rounds], list(rounds.values()))
                alone = {round_: log(rate) - by for (round_, rate), by in zip(rounds.items(), moved, strict=True)}
                found[name].append(_change(alone))
    return found


def trends(found: Mapping[Name, Sequence[float]]) -> dict[Name, Estimate]:
    """The rate in the last round of a block by that in its first, less 1, of each cell from its blocks' changes.

    The intervals of all cells hold the truth together, but for ERROR: a run has many cells, and chance is to make none
    of them doubtful. A few blocks know a cell's variance badly, so it is moved towards what is usual among all
    (`analysis.ranking`). Unknown where no block tells; without an interval where one alone does.
    """
    means = {name: float(np.mean(values)) for name, values in found.items() if values}
    told = [name for name in means if len(found[name]) > 1]
    halves = dict(zip(told, _half_widths([found[name] for name in told], len(found)), strict=True))
    return {
        name: Estimate(expm1(means[name]), *(expm1(means[name] + side * halves.get(name, NAN)) for side in (-1, 1)))
        if name in means
        else UNKNOWN
        for name in found
    }


def _half_widths(cells: Sequence[Sequence[float]], asked: int) -> list[float]:
    """Of the means of these, of so many cells that are asked."""
    if not cells:
        return []
    blocks = np.array([len(values) for values in cells], float)
    variances = np.array([max(np.var(values, ddof=1), ROUNDING) for values in cells])
    common = usual(variances, blocks - 1)
    known = min(common.freedom, float((blocks - 1).sum()))
    freedom = known + blocks - 1
    moved = (known * common.variance + (blocks - 1) * variances) / freedom
    return list(stdtrit(freedom, 1 - ERROR / 2 / asked) * np.sqrt(moved / blocks))


def _in_order(group: Iterable[ByRound], block: int, rounds: Iterable[int]) -> NDArray[np.float64]:
    """Of those that have replies in all of these rounds: the rates in each, a column, from the least up."""
    places = [(block, round_) for round_ in rounds]
    rates = [[one.get(place, 0.0) for place in places] for one in group]
    return np.sort([own for own in rates if min(own) > 0], axis=0)


def _moved(ordered: NDArray[np.float64], own: list[float]) -> list[float]:
    """What the middle one of the others did in each round, as a logarithm; 0 where they are too few.

    `ordered` has them and its own rates, which are skipped.
    """
    others = len(ordered) - 1
    if others < NEIGHBOURS:
        return [0.0] * len(own)
    low, high = (
        np.where(ordered[place] < own, ordered[place], ordered[place + 1]) for place in ((others - 1) // 2, others // 2)
    )
    middle: list[float] = ((np.log(low) + np.log(high)) / 2).tolist()
    return middle


def _change(rounds: Mapping[int, float]) -> float:
    """Of the logarithms of one block, from its first round to its last."""
    middle = sum(rounds) / len(rounds)
    slope = sum((place - middle) * rate for place, rate in rounds.items()) / sum(
        (place - middle) ** 2 for place in rounds
    )
    return slope * (max(rounds) - min(rounds))
