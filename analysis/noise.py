"""The model of noise: how far a ratio moves by chance, from how windows and blocks spread.

B blocks of n rounds give the mean of B block means, each with the variance block_sd² + window_sd² / n. Doctor measures
the two spreads with one strategy under two names: whatever those differ by is noise.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from analysis.statistics import t_quantile

# How the ratio of two windows of a round spreads on a shared virtual machine, and how the mean of a block differs from
# the next block's beyond that, both as a share (docs/proofs.md, window-noise).
WINDOW_SPREAD = 0.18
BLOCK_SPREAD = 0.03


@dataclass(frozen=True)
class Noise:
    """Of the natural logarithm of the ratio of an A/A pair's rates."""

    ratio: float  # found for the pair; 1 is the truth
    ratio_low: float  # its 95 % interval
    ratio_high: float
    window_sd: float  # standard deviation between the rounds of a block
    block_sd: float  # between blocks, beyond what their rounds explain
    round_s: float  # a round of both
    block_cost_s: float  # what a block costs beside its rounds: starting, connecting, stopping

    def smallest_difference(self, budget_s: float) -> float | None:
        """Half-width of the ratio's 95 % interval after that time, as a share; None if two blocks don't fit.

        B · (block_cost_s + n · round_s) fits into the time. Of all B the best is taken: few blocks pay in Student's
        t, many in fixed cost. It assumes blocks that don't influence each other, rounds of a block that don't beyond
        what block_sd holds, and a machine that stays as it was; of a few blocks block_sd is known to a factor of two
        at best. What comes once in a run (the check of the servers, the charts) is not in it.
        """
        blocks = range(2, int(budget_s / (self.block_cost_s + self.round_s)) + 1)
        half_widths = [self._half_width(count, budget_s) for count in blocks]
        return math.expm1(min(half_widths)) if half_widths else None

    def _half_width(self, blocks: int, budget_s: float) -> float:
        # Rounding must not cost the last round where the time is used to the second.
        rounds = max(int((budget_s / blocks - self.block_cost_s) / self.round_s + 1e-9), 1)
        return half_width(self.window_sd, self.block_sd, blocks, rounds)

    def as_record(self) -> dict[str, float]:
        """Its figures by name."""
        return asdict(self)


def half_width(window_sd: float, block_sd: float, blocks: int, rounds: int) -> float:
    """Half the 95 % interval of so many blocks' mean, on the scale of the deviations."""
    return t_quantile(blocks) * math.sqrt((block_sd**2 + window_sd**2 / rounds) / blocks)


def expected_interval(blocks: int, rounds: int) -> float:
    """Half-width of a ratio's 95 % interval, as a share, on a machine as noisy as a shared virtual one."""
    return half_width(WINDOW_SPREAD, BLOCK_SPREAD, blocks, rounds)


def estimated(blocks: Sequence[Sequence[tuple[float, float]]], round_s: float, block_cost_s: float) -> Noise:
    """The noise from both rates of a pair in each round of each block; two blocks of two rounds at least."""
    logs = [[math.log(first / second) for first, second in block] for block in blocks]
    means = [statistics.fmean(block) for block in logs]
    spare = sum(len(block) - 1 for block in logs)
    squares = sum((value - mean) ** 2 for block, mean in zip(logs, means, strict=True) for value in block)
    within = squares / spare
    explained = within * statistics.fmean(1 / len(block) for block in logs)
    centre = statistics.fmean(means)
    half = t_quantile(len(blocks)) * statistics.stdev(means) / math.sqrt(len(blocks))
    return Noise(
        ratio=math.exp(centre),
        ratio_low=math.exp(centre - half),
        ratio_high=math.exp(centre + half),
        window_sd=math.sqrt(within),
        block_sd=math.sqrt(max(statistics.variance(means) - explained, 0.0)),
        round_s=round_s,
        block_cost_s=block_cost_s,
    )
