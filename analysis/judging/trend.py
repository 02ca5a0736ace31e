"""How a strategy's rate changes from round to round of a block: what leaks, or warms up, has no rate of its own.

A round is a moment of the machine, and what it does to all is no trend of one. So where a strategy has three neighbours
or more, what the middle one of them did in each round is taken out. Beside fewer it can't be told who moved, and the
strategy's own rates stand. The change is that of a straight line through the logarithms, from a block's first round to
its last; blocks are what repeats.
"""

from collections.abc import Mapping, Sequence
from math import expm1, isfinite, log

import numpy as np

from analysis.statistics import UNKNOWN, Estimate, Rounds, half_width

NEIGHBOURS = 3


def trend(own: Rounds, neighbours: Sequence[Rounds]) -> Estimate:
    """The rate in the last round of a block by that in its first, less 1, with its interval over blocks.

    Unknown where no block has two rounds with replies.
    """
    blocks: dict[int, dict[int, float]] = {}
    for (block, round_), rate in own.items():
        if rate > 0:
            moved = _middle(neighbours, (block, round_))
            blocks.setdefault(block, {})[round_] = log(rate) - moved
    changes = [change for rounds in blocks.values() if isfinite(change := _change(rounds))]
    if not changes:
        return UNKNOWN
    centre, half = float(np.mean(changes)), half_width(changes)
    return Estimate(expm1(centre), *(float(np.expm1(centre + side * half)) for side in (-1, 1)))


def _middle(neighbours: Sequence[Rounds], place: tuple[int, int]) -> float:
    """What the middle one of them did there, as a logarithm; 0 where they are too few to tell."""
    rates = [rate for one in neighbours if (rate := one.get(place, 0.0)) > 0]
    return float(np.median(np.log(rates))) if len(rates) >= NEIGHBOURS else 0.0


def _change(rounds: Mapping[int, float]) -> float:
    """Of the logarithms of one block, from its first round to its last; NaN of a single one."""
    if len(rounds) < 2:
        return float("nan")
    places = np.array(sorted(rounds), float)
    slope = float(np.polyfit(places, [rounds[int(place)] for place in places], 1)[0])
    return slope * float(places[-1] - places[0])
