"""When a group has been measured precisely enough to stop.

Whoever looks at an interval again and again and stops as soon as it is narrow stops too often where the spread
is small by chance: then a 95 % interval holds the truth in 92.6 to 95 of 100 cases. So nothing is decided before
ten blocks, and the interval, the one that is printed too, is wider by 8 %. With a look after every block it then
covers 94.2 to 96.8 % (40,000 simulated runs for each of nine targets, which stop after 10 to 230 blocks), for
normal noise, for heavy tails (t with 4 degrees of freedom), for processes of two kinds, half of them of each, and
for noise half of whose variance only ever slows (test_stopping.py). 5 % more is too little, 10 % more than needed;
looking less often gains nothing.

No rule helps where few blocks are of another kind: ten blocks can miss a kind that one in seven has, and an
interval of any ten blocks, looked at once or often, covers 86 %. Nor where all noise only slows (exponential): looked
at often or not at all, the interval of ten blocks covers about 90 % (the same test file).
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.statistics import half_width
from analysis.stopping.answer import Answer, Cell, Done
from analysis.stopping.budget import until_settled
from analysis.stopping.rates import Rates

FIRST_LOOK = 10  # blocks: a spread from fewer is small by chance too often
WIDENED = 1.08


@dataclass(frozen=True)
class Precision:
    """The half-width that the interval of each throughput is to have, as a share: 0.02 for ± 2 %."""

    target: float
    first_look: int = FIRST_LOOK  # blocks
    widened: float = WIDENED  # recorded with the run: the intervals that are printed are wider alike

    def reached(self, log_rates_by_block: Sequence[float]) -> bool:
        """Whether a cell with these blocks (the logarithm of each one's mean rate) is known that precisely."""
        return len(log_rates_by_block) >= self.first_look and self.half_width(log_rates_by_block) <= self.target

    def half_width(self, log_rates_by_block: Sequence[float]) -> float:
        """Half the interval's width as a share of the rate; infinite for fewer than two blocks or a rate of zero."""
        if len(log_rates_by_block) < 2 or not all(map(math.isfinite, log_rates_by_block)):
            return math.inf
        return math.sinh(self.widened * half_width(log_rates_by_block))


class UntilPrecise:
    """Goes on until the cells of every group are known that precisely, or until the budget is used.

    A group in which each one is gets no more windows: as long as one isn't, all do, as they are compared.
    """

    def __init__(
        self, windows: Path, precision: Precision, cells: Collection[Cell], rounds: int, budget_s: float
    ) -> None:
        """`windows` is the windows.jsonl of the run that goes on."""
        self._rates = Rates(windows)
        self._precision = precision
        self._cells = cells
        self._rounds = rounds
        self._budget_s = budget_s

    def after(self, done: Done) -> Answer:
        """What comes next, after these blocks."""
        self._rates.read_on()
        settled = [cell for cell in self._cells if self._is_precise(cell[0])]
        return until_settled(self._cells, settled, done, self._rounds, self._budget_s)

    def reached(self, group: int) -> tuple[float, str, int] | None:
        """The widest half-width of a throughput's interval in the group, whose it is and after how many blocks."""
        found = self._rates.log_rates(group)
        widths = [(self._precision.half_width(logs), name, len(logs)) for name, logs in found.items()]
        return max(widths, default=None)

    def _is_precise(self, group: int) -> bool:
        seen = self._rates.log_rates(group).values()
        return bool(seen) and all(map(self._precision.reached, seen))
