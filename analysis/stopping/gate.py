"""Gates: they go on until every figure is decided, or until the budget is used."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from analysis.gate import result
from analysis.gate.decision import is_look
from analysis.records import reading as records
from analysis.stopping.answer import Answer, Cell, Done
from analysis.stopping.budget import until_settled


@dataclass
class UntilDecided:
    """Looks at the run's files when decision.py looks at a run: what is decided there gets no more windows."""

    folder: Path
    cells: Collection[Cell]
    first_look: int  # blocks
    rounds: int
    budget_s: float
    settled: set[Cell] = field(default_factory=set)

    def after(self, done: Done) -> Answer:
        """What comes next, after these blocks."""
        if is_look(len(done), self.first_look):
            self.settled |= result.examine(records.read(self.folder), ended=False).settled
        return until_settled(self.cells, self.settled, done, self.rounds, self.budget_s)
