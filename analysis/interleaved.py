"""What the interleaving knows: the common movement of a block is the machine's, and no part of what one compares.

All strategies of a group meet the same machine in a block. What a block did to all of them is taken out by its mean of
logarithms, and what is left of a strategy is its own (Loftus and Masson 1994, Cousineau 2005). Taking the mean out
takes a J-th of each strategy's own noise with it, which J / (J - 1) puts back (Morey 2008). A bar is drawn so that two
that don't touch differ at about 5 % (Goldstein and Healy 1995): it is narrower by the root of 2 than an interval of
its own value.
"""

from collections.abc import Mapping
from typing import Generic, NamedTuple

import numpy as np

from analysis.statistics import NAN, UNKNOWN, Estimate, Name, deviation, half_width

Blocks = Mapping[int, float]  # a strategy's figure in each block


class Bar(NamedTuple):
    """What is a strategy's own, on the log scale."""

    spread: float  # standard deviation between blocks; with the movement of all in it, where that makes it less
    half: float  # half of its bar; NaN where it has none but its plain interval

    def around(self, value: float) -> Estimate:
        """The figure with its bar."""
        factor = float(np.exp(self.half))
        return Estimate(value, value / factor, value * factor) if self.half == self.half else UNKNOWN


class Group(NamedTuple, Generic[Name]):
    """A group without its common movement."""

    movement: dict[int, float]  # what each block did to all, on the log scale, zero in the mean; empty: can't be told
    bars: dict[Name, Bar]


def interleaved(members: Mapping[Name, Blocks]) -> Group[Name]:
    """The common movement of a group, and what is left of each of its members.

    Two members at least that have a figure in every block tell the movement. A member that lacks a block met another
    machine than they did, so it has no bar; nor has a member that is alone.
    """
    logs = {name: {block: float(np.log(value)) for block, value in blocks.items()}
            for name, blocks in members.items() if blocks and min(blocks.values()) > 0}  # fmt: skip
    every = sorted(set().union(*logs.values())) if logs else []
    whole = {name: [own[block] for block in every] for name, own in logs.items() if len(own) == len(every)}
    movement = dict.fromkeys(every, 0.0)
    if len(whole) > 1:
        common = np.mean(list(whole.values()), axis=0)
        movement = {block: float(moved) for block, moved in zip(every, common - common.mean(), strict=True)}
    bars = {}
    for name, own in logs.items():
        left = [value - movement[block] for block, value in own.items()]
        is_part = name in whole and len(whole) > 1
        factor = (len(whole) / (len(whole) - 1)) ** 0.5 if is_part else 1.0
        # of two that move apart, the one that stands still is known by its own blocks
        spread = min(factor * _deviation(left), _deviation(list(own.values())))
        bars[name] = Bar(spread, factor * half_width(left) / 2**0.5 if is_part else NAN)
    return Group(movement if len(whole) > 1 and len(every) > 1 else {}, bars)


def _deviation(values: list[float]) -> float:
    return deviation(values) if len(values) > 1 else NAN
