"""Are equals taken for unequal? A run is replayed without its differences (`python -m benchmarks.equals RESULTS`).

RESULTS is a run of many strategies. What is left of each in each block, without its rate and without what the block did
to all, is its noise. Runs are invented from that noise: of strategies that are equal in all but it, on a machine that
moves all of them by half from block to block. Then three things must be rare: bars of a pair that don't touch, ratios
of a pair whose interval lacks 1, and runs in which any order is shown.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.interleaved import interleaved
from analysis.judging.cells import by_round, rates_of
from analysis.ranking import p_values
from analysis.records.points import CELL_KEYS, POINT, title
from analysis.records.reading import Results, ResultsError, read
from analysis.statistics import CONFIDENCE, by_block, ratio

Floats = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int], Floats]  # so many blocks (columns) of each strategy (rows)
Count = Callable[[Noise, int, int, np.random.Generator], float]  # in which share of so many runs of so many blocks
BLOCKS = (4, 6, 12)
STRATEGIES = (2, 3, 6, 14)  # of made-up runs
MOVEMENT = 0.5  # standard deviation of what a block does to all, on the log scale
BARS, ORDERS, RATIOS = "bars apart", "any order shown", "ratio's interval holds 1"
PROCESSES = 2


class Left(NamedTuple):
    """What is left of the strategies (rows) of a group in each block, on the log scale."""

    where: str
    noise: Floats

    @property
    def deviations(self) -> Floats:
        """Of each strategy, with what taking out the common movement took along."""
        strategies = len(self.noise)
        return np.asarray(self.noise.std(axis=1, ddof=1) * (strategies / (strategies - 1)) ** 0.5)

    def drawn(self, random: np.random.Generator, blocks: int) -> Floats:
        """Recorded blocks of each strategy, drawn anew, either way round."""
        picked = random.integers(self.noise.shape[1], size=(len(self.noise), blocks))
        return np.take_along_axis(self.noise, picked, axis=1) * random.choice((-1, 1), picked.shape)

    def together(self, random: np.random.Generator, blocks: int) -> Floats:
        """The same, but whole blocks: what strategies do together they go on doing together."""
        picked = random.integers(self.noise.shape[1], size=blocks)
        return np.asarray(self.noise[:, picked] * random.choice((-1, 1), blocks))

    def normal(self, random: np.random.Generator, blocks: int) -> Floats:
        """Normal, with the deviation of each strategy."""
        return random.normal(0, self.deviations[:, None], (len(self.noise), blocks))


def left(results: Results) -> Iterator[Left]:
    """Every group of a run; strategies that lack a block are left out."""
    for _, windows in results.windows.groupby(POINT, sort=False):
        rates = [by_block(by_round(part, rates_of(part)))
                 for _, part in windows.groupby(CELL_KEYS, sort=False)]  # fmt: skip
        most = max(map(len, rates))
        logs = np.log([list(own.values()) for own in rates if len(own) == most and min(own.values()) > 0])
        logs = logs - logs.mean(axis=1, keepdims=True)
        yield Left(title(windows, results.usual), logs - logs.mean(axis=0))


class MadeUpNoise(NamedTuple):
    """Unequal noise without a run: normal, or Student's t with three degrees of freedom."""

    strategies: int
    heavy: bool

    @property
    def where(self) -> str:
        return f"{self.strategies} strategies, {'heavy tails' if self.heavy else 'normal'}"

    def drawn(self, random: np.random.Generator, blocks: int) -> Floats:
        """Deviations that differ as widely as recorded ones do, drawn anew in each run."""
        shape = (self.strategies, blocks)
        deviations = np.exp(random.normal(np.log(0.1), 0.8, (self.strategies, 1)))
        noise = random.standard_t(3, shape) / 3**0.5 if self.heavy else random.normal(0, 1, shape)
        return np.asarray(deviations * noise)


def bars_apart(noise: Noise, blocks: int, replays: int, random: np.random.Generator) -> float:
    """In which share of the runs the bars of two strategies, drawn by lot, don't touch."""
    apart = 0
    for _ in range(replays):
        logs = noise(random, blocks) + random.normal(0, MOVEMENT, blocks)
        bars = interleaved({name: dict(enumerate(own)) for name, own in enumerate(np.exp(logs))}).bars
        one, other = random.choice(len(logs), 2, replace=False)
        apart += abs(logs[one].mean() - logs[other].mean()) > bars[one].half + bars[other].half
    return apart / replays


def orders_shown(noise: Noise, blocks: int, replays: int, random: np.random.Generator) -> float:
    """In which share of the runs any pair is ranked; the common movement is in none of the differences."""
    shown = 0
    for _ in range(replays):
        logs = noise(random, blocks) + random.normal(0, MOVEMENT, blocks)
        pairs = list(combinations(logs, 2))
        surest = min(p_values([one - other for one, other in pairs], len(logs)))
        shown += surest <= (1 - CONFIDENCE) / len(pairs)  # Holm's first step: without it nothing is shown
    return shown / replays


def ratios_held(noise: Noise, blocks: int, replays: int, random: np.random.Generator) -> float:
    """In which share of the runs the interval of a ratio of two that are alike holds 1: one strategy drawn twice."""
    held = 0
    for _ in range(replays):
        movement = random.normal(0, MOVEMENT, blocks)
        both = noise(random, blocks), noise(random, blocks)
        drawn = random.integers(len(both[0]))
        one, other = ({(block, 0): float(np.exp(log)) for block, log in enumerate(own[drawn] + movement)}
                      for own in both)  # fmt: skip
        _, low, high = ratio(one, other)
        held += low <= 1 <= high
    return held / replays


class Case(NamedTuple):
    """What is counted, and in which invented runs."""

    claim: str
    of: str  # the figure of the claim, over all places
    where: str
    counted: Count
    noise: Noise
    blocks: int

    def share(self, replays: int, seed: int) -> float:
        """Counted in so many runs; the same for the same seed, in whichever process."""
        return self.counted(self.noise, self.blocks, replays, np.random.default_rng(seed))


def cases(results: Results) -> Iterator[Case]:
    """From every group of a run, then made up."""
    for group, blocks in product(left(results), BLOCKS):
        of = f"{blocks} blocks"
        yield Case(BARS, f"{of}, recorded", group.where, bars_apart, group.drawn, blocks)
        yield Case(BARS, f"{of}, recorded together", group.where, bars_apart, group.together, blocks)
        yield Case(BARS, f"{of}, normal", group.where, bars_apart, group.normal, blocks)
        yield Case(RATIOS, f"{of}, recorded", group.where, ratios_held, group.drawn, blocks)
        yield Case(RATIOS, f"{of}, normal", group.where, ratios_held, group.normal, blocks)
        yield Case(ORDERS, f"{of}, normal", group.where, orders_shown, group.normal, blocks)
    for blocks, strategies, heavy in product(BLOCKS, STRATEGIES, (False, True)):
        made_up = MadeUpNoise(strategies, heavy)
        of = f"{blocks} blocks, made up"
        yield Case(BARS, of, made_up.where, bars_apart, made_up.drawn, blocks)
        yield Case(ORDERS, of, made_up.where, orders_shown, made_up.drawn, blocks)


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        every = list(cases(read(options.results)))
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    with ProcessPoolExecutor(PROCESSES) as pool:
        found = [pool.submit(case.share, options.replays, options.seed + place) for place, case in enumerate(every)]
        for case, share in zip(every, found, strict=True):
            print(f"{case.claim:24} {case.of:30} {case.where:45} {share.result():7.2%}", flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.equals", description="are equals taken for unequal?")
    parser.add_argument("results", metavar="RESULTS", type=Path)
    parser.add_argument("--replays", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
