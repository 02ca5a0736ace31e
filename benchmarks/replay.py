"""Does a 95 % interval hold the truth in 95 of 100 cases? Answered by replaying recorded blocks.

A run of one strategy against itself (`run_bench.py gate --calibrate`) is a case whose truth is known. Blocks are
drawn from it with replacement, as a run of that many would have met them, and base and head are swapped at random
in each: then the two are alike in everything, and the ratio is 1 exactly.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.judging.cells import by_round, rates_of
from analysis.records.points import CELL_KEYS, title
from analysis.records.reading import Results
from analysis.statistics import block_means, paired, t_quantile

Floats = NDArray[np.float64]
RATE, RATIO = 0, 2  # of the columns that are drawn: one name's rate, and the ratio of both


class Twins(NamedTuple):
    """A strategy against itself, in each block (rows) that both have."""

    name: str
    where: str  # the group, in a few words
    log_rates: Floats  # of base and head (columns)
    log_ratios: Floats  # of base by head, from their rounds


class Coverage(NamedTuple):
    """How often the interval held the truth, and how wide it was."""

    share: float
    error: float  # the standard error of that share
    half_width: float  # median over the replays, on the log scale


def twins(results: Results) -> Iterator[Twins]:
    """Every strategy of a run of two variants, in each of its groups."""
    variants = list(results.run.get("variants") or {})
    cells = dict(list(results.windows.groupby(CELL_KEYS, sort=False)))
    for key, windows in cells.items():
        if len(variants) != 2 or key[1] != variants[0]:
            continue
        pair = [windows, cells.get((key[0], variants[1], *key[2:]), windows.iloc[:0])]
        rates = [rates_of(part) for part in pair]
        means = [block_means(part["block"], rate) for part, rate in zip(pair, rates, strict=True)]
        ratios = paired(*(by_round(part, rate) for part, rate in zip(pair, rates, strict=True)))
        shared = [block for block in ratios if min(means[0].get(block, 0), means[1].get(block, 0)) > 0]
        if shared:
            where = title(windows, results.usual)
            log_rates = np.log([[of[block] for of in means] for block in shared])
            yield Twins(str(key[0]), where, log_rates, np.log([ratios[block] for block in shared]))


def drawn(pair: Twins, replays: int, blocks: int, random: np.random.Generator) -> Floats:
    """So many invented runs: replays x blocks x the log rates of both and the log of their ratio."""
    either_way = [
        np.column_stack([pair.log_rates, pair.log_ratios]),
        np.column_stack([pair.log_rates[:, ::-1], -pair.log_ratios]),
    ]
    picked = random.integers(len(pair.log_ratios), size=(replays, blocks))
    swapped = random.random((replays, blocks, 1)) < 0.5
    return np.where(swapped, either_way[1][picked], either_way[0][picked])


def half_widths(logs: Floats) -> Floats:
    """`statistics.half_width` of each row at once."""
    blocks = logs.shape[-1]
    return np.asarray(t_quantile(blocks) * logs.std(axis=-1, ddof=1) / blocks**0.5)


def coverage(pair: Twins, replays: int, blocks: int, random: np.random.Generator, figure: int = RATIO) -> Coverage:
    """Of the interval of the twins' ratio, or of the RATE of one of them, in runs of so many blocks."""
    runs = drawn(pair, replays, blocks, random)[..., figure]
    half = half_widths(runs)
    return counted(np.abs(runs.mean(axis=-1) - truth(pair, figure)) <= half, half)


def truth(pair: Twins, figure: int) -> float:
    """What a run of endless blocks would give: names are swapped at random, so the ratio's logarithm is 0."""
    return 0.0 if figure == RATIO else float(pair.log_rates.mean())


def counted(held: NDArray[np.bool_], half: Floats) -> Coverage:
    """Coverage over replays that held the truth or did not."""
    share = float(held.mean())
    return Coverage(share, (share * (1 - share) / held.size) ** 0.5, float(np.median(half)))
