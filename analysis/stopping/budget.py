"""Runs that go on until they know enough, or until their budget is used."""

from collections.abc import Collection
from dataclasses import dataclass

from analysis.stopping.answer import Answer, Cell, Done


def until_settled(
    cells: Collection[Cell], settled: Collection[Cell], done: Done, rounds: int, budget_s: float
) -> Answer:
    """Go on until all cells are settled, or another block as long as the longest would not fit into the budget."""
    seconds = [took_s for _, took_s in done]
    used_up = sum(seconds) + max(seconds) > budget_s
    return Answer(frozenset(settled), used_up or set(cells) <= set(settled), rounds)


@dataclass(frozen=True)
class UntilUsedUp:
    """Looks at nothing: a gate that is calibrated measures for as long as a gate may."""

    cells: Collection[Cell]
    rounds: int
    budget_s: float

    def after(self, done: Done) -> Answer:
        """What comes next, after these blocks."""
        return until_settled(self.cells, (), done, self.rounds, self.budget_s)
