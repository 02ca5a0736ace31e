"""Does a 95 % interval hold the truth in 95 of 100 cases? Answered by replaying recorded blocks.

One strategy recorded under two names (`epoll` and its twin `epoll-again`) in many blocks is a case whose truth
is known. Blocks are drawn from it with replacement, as a run of that many would have met them, and the names are
swapped at random in each: then the two are alike in everything, and the ratio is 1 exactly.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.load import CELL_KEYS, Results
from analysis.statistics import CONFIDENCE, block_means

TWIN = "-again"
Floats = NDArray[np.float64]


class Twins(NamedTuple):
    """A strategy under two names: the logarithm of both rates (columns) in each block (rows) that both have."""

    name: str
    where: str  # the group, in a few words
    log_rates: Floats


class Coverage(NamedTuple):
    """How often the interval held the truth, and how wide it was."""

    share: float
    error: float  # the standard error of that share
    half_width: float  # median over the replays, on the log scale


def twins(results: Results) -> Iterator[Twins]:
    """Every strategy of the run that has a twin, in each of its groups."""
    cells = {key: block_means(part["block"], part["requests"] / part["counted_s"])
             for key, part in results.windows.groupby(CELL_KEYS, sort=False)}  # fmt: skip
    for key, blocks in cells.items():
        again = cells.get((f"{key[0]}{TWIN}", *key[1:]), {})
        shared = [block for block in blocks if blocks[block] > 0 and again.get(block, 0) > 0]
        if shared:
            where = ", ".join(str(part) for part in key[2:5])
            yield Twins(str(key[0]), where, np.log([[blocks[block], again[block]] for block in shared]))


def drawn(pair: Twins, replays: int, blocks: int, random: np.random.Generator) -> Floats:
    """Log rates of so many invented runs: replays x blocks x the two names."""
    picked = pair.log_rates[random.integers(len(pair.log_rates), size=(replays, blocks))]
    swapped = random.random((replays, blocks, 1)) < 0.5
    return np.where(swapped, picked[..., ::-1], picked)


def half_widths(logs: Floats, widened: float = 1.0) -> Floats:
    """`statistics.spread` of each row at once."""
    blocks = logs.shape[-1]
    t = widened * float(stdtrit(blocks - 1, 0.5 + CONFIDENCE / 2))
    return np.asarray(t * logs.std(axis=-1, ddof=1) / blocks**0.5)


def coverage(pair: Twins, replays: int, blocks: int, random: np.random.Generator) -> Coverage:
    """Of the interval of the twins' ratio, in runs of so many blocks."""
    runs = drawn(pair, replays, blocks, random)
    ratios = runs[..., 0] - runs[..., 1]
    half = half_widths(ratios)
    return counted(np.abs(ratios.mean(axis=-1)) <= half, half)


def counted(held: NDArray[np.bool_], half: Floats) -> Coverage:
    """Coverage over replays that held the truth or did not."""
    share = float(held.mean())
    return Coverage(share, (share * (1 - share) / held.size) ** 0.5, float(np.median(half)))
