"""How noisy this machine is: one strategy under two names, measured as a run measures, in blocks of fresh servers.

Whatever the two differ by is noise. From how it spreads between windows and between blocks follows the smallest
difference that can be shown here in a given time.
"""

import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from analysis.stopping.precision import student
from harness import sampling
from harness.config import Strategy
from harness.server import Server
from harness.stage import Stage

CLIENTS, SIZE = 100, 64
BLOCKS, BLOCK_S = 5, 4.0
BUDGETS_S = (10.0, 60.0, 600.0)


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

        B blocks of n rounds give the mean of B block means, each with the variance block_sd² + window_sd² / n, and
        so t(0.975, B - 1) · √((block_sd² + window_sd² / n) / B) on the logarithm, where B · (block_cost_s + n ·
        round_s) fits into the time. Of all B the best is taken: few blocks pay in Student's t, many in fixed cost.
        It assumes blocks that don't influence each other, rounds of a block that don't beyond what block_sd holds,
        and a machine that stays as it was; of a few blocks block_sd is known to a factor of two at best. What
        comes once in a run (the check of the servers, the charts) is not in it.
        """
        blocks = range(2, int(budget_s / (self.block_cost_s + self.round_s)) + 1)
        half_widths = [self._half_width(count, budget_s) for count in blocks]
        return math.expm1(min(half_widths)) if half_widths else None

    def _half_width(self, blocks: int, budget_s: float) -> float:
        # Rounding must not cost the last round where the time is used to the second.
        rounds = max(int((budget_s / blocks - self.block_cost_s) / self.round_s + 1e-9), 1)
        variance = self.block_sd**2 + self.window_sd**2 / rounds
        return student(blocks) * math.sqrt(variance / blocks)

    def as_record(self) -> dict[str, Any]:
        found = {f"{budget:g}": self.smallest_difference(budget) for budget in BUDGETS_S}
        return asdict(self) | {"clients": CLIENTS, "message_size": SIZE, "smallest_difference": found}


def of(blocks: Sequence[Sequence[float]], round_s: float, block_cost_s: float) -> Noise:
    """From the log ratios of the rounds of each block; two blocks of two rounds at least."""
    means = [statistics.fmean(block) for block in blocks]
    spare = sum(len(block) - 1 for block in blocks)
    squares = sum((value - mean) ** 2 for block, mean in zip(blocks, means, strict=True) for value in block)
    within = squares / spare
    explained = within * statistics.fmean(1 / len(block) for block in blocks)
    centre = statistics.fmean(means)
    half = student(len(blocks)) * statistics.stdev(means) / math.sqrt(len(blocks))
    return Noise(
        ratio=math.exp(centre),
        ratio_low=math.exp(centre - half),
        ratio_high=math.exp(centre + half),
        window_sd=math.sqrt(within),
        block_sd=math.sqrt(max(statistics.variance(means) - explained, 0.0)),
        round_s=round_s,
        block_cost_s=block_cost_s,
    )


def measure(
    stage: Stage,
    strategy: Strategy,
    tell: Callable[[float, str], None],
    blocks: int = BLOCKS,
    block_s: float = BLOCK_S,
    clients: int = CLIENTS,
) -> Noise:
    """An A/A pair in so many blocks of so many seconds; `tell` hears the seconds that are done.

    Raises ServerFailed or LoaderFailed.
    """
    order = random.Random(1)
    pair = {name: strategy.model_copy(update={"name": name}) for name in ("first", "second")}
    ratios: list[list[float]] = []
    in_rounds_s, began = 0.0, time.monotonic()
    for block in range(blocks):
        tell(block * block_s, f"noise: one strategy under two names, block {block + 1} of {blocks}")
        until = time.monotonic() + block_s
        with stage.started(pair) as servers, sampling.connected(stage, servers, clients, SIZE):
            first_round = time.monotonic()
            ratios.append([])
            while time.monotonic() < until or len(ratios[-1]) < 2:
                rates = {name: _rate(stage, servers[name], clients) for name in order.sample(list(servers), 2)}
                ratios[-1].append(math.log(rates["first"] / rates["second"]))
            in_rounds_s += time.monotonic() - first_round
    took_s = time.monotonic() - began
    return of(ratios, in_rounds_s / sum(map(len, ratios)), (took_s - in_rounds_s) / blocks)


def _rate(stage: Stage, server: Server, clients: int) -> float:
    length = stage.config.window.length(clients)
    observed = sampling.window(stage, server, length.head_s, length.counted_s)
    return float(observed["requests"] / observed["counted_s"])
