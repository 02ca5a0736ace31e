"""Runs of so many blocks, which are to end in time."""

from dataclasses import dataclass

from analysis.stopping.answer import Answer, Done


@dataclass(frozen=True)
class FixedBlocks:
    """So many blocks; where they are slow the next ones get fewer rounds, one at least."""

    blocks: int
    rounds: int
    at_most_s: float | None = None  # for all blocks; None: as long as they take

    def after(self, done: Done) -> Answer:
        """What comes next, after these blocks."""
        is_enough = len(done) == self.blocks
        return Answer(frozenset(), is_enough, self.rounds if is_enough else self._rounds_in_time(done))

    def _rounds_in_time(self, done: Done) -> int:
        """It takes a block's time for proportional to its rounds, though a part of it is not."""
        if self.at_most_s is None:
            return self.rounds
        left_s = self.at_most_s - sum(seconds for _, seconds in done)
        slowest_s = max(seconds * self.rounds / rounds for rounds, seconds in done)
        return max(1, min(self.rounds, int(self.rounds * left_s / (self.blocks - len(done)) / slowest_s)))
