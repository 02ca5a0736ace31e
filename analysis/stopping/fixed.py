"""Runs of so many blocks, which are to end in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from analysis.stopping.answer import Answer, Done


@dataclass(frozen=True)
class FixedBlocks:
    """So many blocks; where they are slow the next ones get fewer rounds, one at least.

    With a `least` there are fewer blocks, too, where even one round each would last longer.
    """

    blocks: int
    rounds: int
    at_most_s: float | None = None  # for all blocks; None: as long as they take
    beside_s: Sequence[float] = ()  # what each block takes beside its rounds, as expected; nothing where it isn't said
    least: int | None = None  # blocks; None: all of them

    def after(self, done: Done) -> Answer:
        """What comes next, after these blocks."""
        is_enough = len(done) == self.blocks or self._is_late(done)
        return Answer(frozenset(), is_enough, self.rounds if is_enough else self._rounds_in_time(done))

    def _is_late(self, done: Done) -> bool:
        """Whether there are blocks enough, and another as long as the longest would end too late."""
        if self.least is None or self.at_most_s is None or len(done) < self.least:
            return False
        seconds = [took_s for _, took_s in done]
        return sum(seconds) + max(seconds) > self.at_most_s

    def _rounds_in_time(self, done: Done) -> int:
        """As many as fit, the last blocks with one less where that is all that fits.

        A block is taken for one round longer than it has: in one more the loader may be slowed down.
        """
        if self.at_most_s is None:
            return self.rounds
        beside_s = self.beside_s or [0.0] * self.blocks
        left_s = self.at_most_s - sum(seconds for _, seconds in done) - sum(beside_s[len(done) :])
        slowest_s = max(
            (seconds - beside) / (rounds + 1) for (rounds, seconds), beside in zip(done, beside_s, strict=False)
        )
        if slowest_s <= 0:  # servers that aren't there took none of what was expected
            return self.rounds
        blocks_left = self.blocks - len(done)
        fitting = int(left_s / slowest_s) - blocks_left
        return max(1, min(self.rounds, ceil(fitting / blocks_left)))
