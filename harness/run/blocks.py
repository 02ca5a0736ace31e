"""Which blocks there are, and which cells get windows in them: a rule is asked after each block.

The rules themselves are in the analysis wing, as they compute; they are handed in.
"""

import itertools
import time
from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from harness import notes
from harness.plan.group import Group
from harness.plan.plan import Cell, Plan
from harness.recorder import Recorder
from harness.run.progress import Progress


class Answer(Protocol):
    """What a rule says after a block."""

    @property
    def settled(self) -> Collection[Cell]:
        """The cells that get no more windows."""

    @property
    def is_enough(self) -> bool:
        """Whether that was the last block."""

    @property
    def rounds(self) -> int:
        """How many the next block gets."""


class Rule(Protocol):
    """When a run has measured enough."""

    def after(self, done: Sequence[tuple[int, float]], /) -> Answer:
        """What comes next after these blocks, each given as its rounds and the seconds that it took."""


class Blocks:
    """The blocks of a run, one after the other until the rule calls it enough."""

    def __init__(self, plan: Plan, rule: Rule, recorder: Recorder, progress: Progress) -> None:
        self._plan = plan
        self._rule = rule
        self._recorder = recorder
        self._progress = progress
        self._open = set(plan.cells)
        self.rounds = plan.rounds  # of the block under way

    def __iter__(self) -> Iterator[int]:
        """Their numbers, from 0; whoever takes the next one has measured the one before."""
        done: list[tuple[int, float]] = []  # rounds and seconds of each
        self._progress.begin()
        began = time.monotonic()
        for block in itertools.count():
            yield block
            ended = time.monotonic()
            done.append((self.rounds, ended - began))
            began = ended  # what the rule takes to answer is time of the run too
            self._progress.block_ended(len(done))
            answer = self._rule.after(done)
            if answer.is_enough:
                return
            self._open -= set(answer.settled)
            self._set_rounds(answer.rounds)

    def wanted(self, group: Group) -> list[str]:
        """The members of a group that still get windows."""
        place = self._plan.groups.index(group)
        entries = self._plan.entries[group]
        return [name for name in self._plan.members(group) if (place, entries[name].strategy.name) in self._open]

    def _set_rounds(self, rounds: int) -> None:
        plan, self.rounds = self._plan, rounds
        if rounds < plan.rounds:
            assert plan.at_most_s is not None  # else there is no limit to keep
            self._recorder.note(notes.fewer_rounds(plan.rounds, plan.at_most_s, plan.profile))
