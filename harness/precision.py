"""When a group has been measured precisely enough to stop.

PLACEHOLDER
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

CONFIDENCE = 0.95
FIRST_LOOK = 10  # blocks: a spread from fewer is small by chance too often
WIDENED = 1.1  # analysis/statistics.py has the same for the intervals that it prints of such a run


@dataclass(frozen=True)
class Precision:
    """The half-width that the interval of each throughput is to have, as a share: 0.02 for ± 2 %."""

    target: float
    first_look: int = FIRST_LOOK  # blocks

    def reached(self, log_rates_by_block: Sequence[float]) -> bool:
        """Whether a cell with these blocks (the logarithm of each one's mean rate) is known that precisely."""
        return len(log_rates_by_block) >= self.first_look and self.half_width(log_rates_by_block) <= self.target

    def half_width(self, log_rates_by_block: Sequence[float]) -> float:
        """Half the interval's width as a share of the rate; infinite for fewer than two blocks or a rate of zero."""
        blocks = len(log_rates_by_block)
        if blocks < 2 or not all(map(math.isfinite, log_rates_by_block)):
            return math.inf
        t = float(stdtrit(blocks - 1, 0.5 + CONFIDENCE / 2))
        return math.sinh(WIDENED * t * statistics.stdev(log_rates_by_block) / math.sqrt(blocks))
