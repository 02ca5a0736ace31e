"""What a rule is told after a block, and what it answers."""

from collections.abc import Sequence
from typing import NamedTuple

Cell = tuple[int, str]  # place of its group among the plan's, strategy
Done = Sequence[tuple[int, float]]  # of each block so far: its rounds, and the seconds that it took


class Answer(NamedTuple):
    settled: frozenset[Cell]  # they get no more windows
    is_enough: bool
    rounds: int  # of the next block
