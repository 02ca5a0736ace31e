"""How a strategy's rate changes from round to round of a block: what leaks, or warms up, has no rate of its own.

A round is a moment of the machine, and what it does to all is no trend of one. So where a strategy has three neighbours
or more, what the middle one of them did in each round is taken out. Beside fewer it can't be told who moved, and the
strategy's own rates stand. The change is that of a straight line through the logarithms, from a block's first round to
its last; blocks are what repeats.
"""

from collections.abc import Mapping, Sequence
from math import expm1, log

import numpy as np
from scipy.special import stdtrit

from analysis.ranking import ROUNDING, usual
from analysis.statistics import NAN, UNKNOWN, ByRound, Estimate, Name

NEIGHBOURS = 3
ERROR = 0.01  # the share of runs in which chance passes for a trend anywhere


def changes(own: ByRound, neighbours: Sequence[ByRound]) -> list[float]:
    """Of each block with two rounds or more that have replies: the last round's rate by the first's, as a logarithm."""
    blocks: dict[int, dict[int, float]] = {}
    for (block, round_), rate in own.items():
        if rate > 0:
            blocks.setdefault(block, {})[round_] = log(rate)
    found = []
    for block, rounds in blocks.items():
        if len(rounds) > 1:
            moved = _moved(neighbours, block, list(rounds))
            found.append(_change({round_: rate - moved.get(round_, 0.0) for round_, rate in rounds.items()}))
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


def _moved(neighbours: Sequence[ByRound], block: int, rounds: Sequence[int]) -> dict[int, float]:
    """What the middle one of them did in each round, as a logarithm; nothing where those that have all are too few."""
    places = [(block, round_) for round_ in rounds]
    rates = [[one.get(place, 0.0) for place in places] for one in neighbours]
    whole = [own for own in rates if min(own) > 0]
    if len(whole) < NEIGHBOURS:
        return {}
    ordered = np.sort(whole, axis=0)
    middle = (np.log(ordered[(len(whole) - 1) // 2]) + np.log(ordered[len(whole) // 2])) / 2
    return dict(zip(rounds, middle.tolist(), strict=True))


def _change(rounds: Mapping[int, float]) -> float:
    """Of the logarithms of one block, from its first round to its last."""
    middle = sum(rounds) / len(rounds)
    slope = sum((place - middle) * rate for place, rate in rounds.items()) / sum(
        (place - middle) ** 2 for place in rounds
    )
    return slope * (max(rounds) - min(rounds))
