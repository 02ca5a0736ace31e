"""Runs of so many blocks, which are to end in time."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.stopping.answer import Answer, Done


@dataclass(frozen=True)
class FixedBlocks:
    """So many blocks; where they are slow the next ones get fewer rounds, one at least."""

    blocks: int
    rounds: int
    at_most_s: float | None = None  # for all blocks; None: as long as they take
    beside_s: Sequence[float] = ()  # what each block takes beside its rounds, as expected; nothing where it isn't said

    def after(self, done: Done) -> Answer:
        """What comes next, after these blocks."""
        is_enough = len(done) == self.blocks
        return Answer(frozenset(), is_enough, self.rounds if is_enough else self._rounds_in_time(done))

    def _rounds_in_time(self, done: Done) -> int:
        """It takes a block's time for proportional to its rounds, though a part of it is not."""
        if self.at_most_s is None:
            return self.rounds
        beside_s = self.beside_s or [0.0] * self.blocks
        left_s = self.at_most_s - sum(seconds for _, seconds in done) - sum(beside_s[len(done) :])
        slowest_s = max(
            (seconds - beside) * self.rounds / rounds for (rounds, seconds), beside in zip(done, beside_s, strict=False)
        )
        return max(1, min(self.rounds, int(self.rounds * left_s / (self.blocks - len(done)) / slowest_s)))
