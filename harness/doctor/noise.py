"""One strategy under two names, measured as a run measures, in blocks of fresh servers: doctor's look at the noise.

What the pairs of rates say of this machine is worked out in the analysis wing.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.config import Strategy
from harness.doctor import sampling
from harness.processes.server import Server
from harness.processes.stage import Stage

CLIENTS, SIZE = 100, 64
BLOCKS, BLOCK_S = 5, 4.0


@dataclass(frozen=True)
class Pairs:
    """Both names' rates in each round of each block, in requests per second, and what they took."""

    blocks: list[list[tuple[float, float]]]
    round_s: float  # a round of both
    block_cost_s: float  # what a block costs beside its rounds: starting, connecting, stopping


class Noise(Protocol):
    """What follows from them, as far as doctor tells of it."""

    @property
    def ratio(self) -> float:
        """Of the two, as it was found."""

    @property
    def ratio_low(self) -> float:
        """The lower end of its 95 % interval."""

    @property
    def ratio_high(self) -> float:
        """The upper end of its 95 % interval."""

    def smallest_difference(self, budget_s: float) -> float | None:
        """The smallest difference that can be shown in that time, as a share; None if there is none."""

    def as_record(self) -> dict[str, float]:
        """Its figures by name."""


Estimate = Callable[[list[list[tuple[float, float]]], float, float], Noise]  # from the fields of Pairs


def measure(
    stage: Stage,
    strategy: Strategy,
    tell: Callable[[float, str], None],
    blocks: int = BLOCKS,
    block_s: float = BLOCK_S,
    clients: int = CLIENTS,
) -> Pairs:
    """An A/A pair in so many blocks of so many seconds; `tell` hears the seconds that are done.

    Raises ServerFailed or LoaderFailed.
    """
    order = random.Random(1)
    pair = {name: strategy.model_copy(update={"name": name}) for name in ("first", "second")}
    found: list[list[tuple[float, float]]] = []
    in_rounds_s, began = 0.0, time.monotonic()
    for block in range(blocks):
        tell(block * block_s, f"noise: one strategy under two names, block {block + 1} of {blocks}")
        until = time.monotonic() + block_s
        with stage.started(pair) as servers, sampling.connected(stage, servers, clients, SIZE):
            first_round = time.monotonic()
            found.append([])
            while time.monotonic() < until or len(found[-1]) < 2:
                rates = {name: _rate(stage, servers[name], clients) for name in order.sample(list(servers), 2)}
                found[-1].append((rates["first"], rates["second"]))
            in_rounds_s += time.monotonic() - first_round
    took_s = time.monotonic() - began
    return Pairs(found, in_rounds_s / sum(map(len, found)), (took_s - in_rounds_s) / blocks)


def _rate(stage: Stage, server: Server, clients: int) -> float:
    length = stage.config.window.length(clients)
    observed = sampling.window(stage, server, length.head_s, length.counted_s)
    return float(observed["requests"] / observed["counted_s"])
