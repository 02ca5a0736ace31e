"""How a strategy's rate changes from round to round of a block: what leaks, or warms up, has no rate of its own.

A round is a moment of the machine, and what it does to all is no trend of one. So where a strategy has three neighbours
or more, what the middle one of them did in each round is taken out. Beside fewer it can't be told who moved, and the
strategy's own rates stand. The change is that of a straight line through the logarithms, from a block's first round to
its last; blocks are what repeats.
"""

from collections.abc import Mapping, Sequence
from math import expm1, isfinite, log

import numpy as np

from analysis.statistics import UNKNOWN, Estimate, Rounds, half_width, t_quantile

NEIGHBOURS = 3
ERROR = 0.01  # the share of runs in which chance passes for a trend anywhere


def trend(own: Rounds, neighbours: Sequence[Rounds], asked: int) -> Estimate:
    """The rate in the last round of a block by that in its first, less 1, with its interval over blocks.

    Of so many cells that are asked for a trend the intervals of all hold the truth together, but for ERROR: a run has
    many cells, and chance is to make none of them doubtful. Unknown where no block has two rounds with replies.
    """
    blocks: dict[int, dict[int, float]] = {}
    for (block, round_), rate in own.items():
        if rate > 0:
            blocks.setdefault(block, {})[round_] = log(rate)
    for block, rounds in blocks.items():
        moved = _moved(neighbours, block, list(rounds))
        blocks[block] = {round_: rate - moved.get(round_, 0.0) for round_, rate in rounds.items()}
    changes = [change for rounds in blocks.values() if isfinite(change := _change(rounds))]
    if not changes:
        return UNKNOWN
    centre, half = float(np.mean(changes)), half_width(changes)
    if len(changes) > 1:
        half *= t_quantile(len(changes), 1 - ERROR / 2 / asked) / t_quantile(len(changes))
    return Estimate(expm1(centre), *(float(np.expm1(centre + side * half)) for side in (-1, 1)))


def _moved(neighbours: Sequence[Rounds], block: int, rounds: Sequence[int]) -> dict[int, float]:
    """What the middle one of them did in each round, as a logarithm; nothing where those that have all are too few."""
    rates = [[one.get((block, round_), 0.0) for round_ in rounds] for one in neighbours]
    whole = [own for own in rates if min(own) > 0]
    if len(whole) < NEIGHBOURS:
        return {}
    return dict(zip(rounds, np.median(np.log(whole), axis=0).tolist(), strict=True))


def _change(rounds: Mapping[int, float]) -> float:
    """Of the logarithms of one block, from its first round to its last; NaN of a single one."""
    if len(rounds) < 2:
        return float("nan")
    places = np.array(sorted(rounds), float)
    slope = float(np.polyfit(places, [rounds[int(place)] for place in places], 1)[0])
    return slope * float(places[-1] - places[0])
