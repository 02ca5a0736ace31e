"""How often is a verdict of a trial wrong, and how often is it right? (`python -m benchmarks.claims_replay`)

Files of claims with known truth are made up and decided by the code that decides in earnest: a third of the claims is
true by 10 %, a third false by 10 %, a third lies on its threshold. Their blocks' logarithms spread by 3 %. In further
files the claims share a strategy, spread unequally, or have heavy tails. Nothing is measured: no hour moves this.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import log
from typing import NamedTuple

import numpy as np

from analysis.claims.decision import Ruling, Tried, decide
from benchmarks import sitting
from benchmarks.sitting import Figure

BLOCKS = 6  # those of --profile quick
SPREAD = 0.03  # of a block's logarithm
MARGIN = 0.02
TRUTHS = {Ruling.HOLDS: log(1.1), Ruling.REFUTED: log(0.9), Ruling.NOT_SHOWN: 0.0}
BATCHES = 2  # processes


@dataclass(frozen=True)
class Noise:
    """How the blocks of a file's claims spread."""

    name: str
    shared: float = 0.0  # of a claim's variance, what all have in common: a strategy that each is held against
    unequal: float = 0.0  # deviation of the logarithm of a claim's spread
    tails: float = 0.0  # degrees of freedom of Student's t; 0: normal


PLAIN = Noise("as the promise has it")
NOISES = (
    PLAIN,
    Noise("with a strategy in common", shared=0.5),
    Noise("spread unequally", unequal=0.5),
    Noise("with heavy tails", tails=4.0),
)


class Counted(NamedTuple):
    """Of some replays."""

    wrong: int  # files with a claim that is called what it isn't
    right: int  # claims that are called what they are
    claims: int


def replay(noise: Noise, truths: Sequence[Ruling], blocks: int, random: np.random.Generator) -> list[Ruling]:
    """What is said of the claims of a file in which these are true."""
    logs = random.normal(size=(len(truths), blocks))
    if noise.tails:
        logs = random.standard_t(noise.tails, (len(truths), blocks)) * ((noise.tails - 2) / noise.tails) ** 0.5
    if noise.shared:
        logs = (1 - noise.shared) ** 0.5 * logs + noise.shared**0.5 * random.normal(size=blocks)
    spreads = SPREAD * np.exp(random.normal(0, noise.unequal, len(truths)))
    tried = [
        Tried(TRUTHS[truth] + spread * own, MARGIN) for truth, spread, own in zip(truths, spreads, logs, strict=True)
    ]
    return [one.outcome for one in decide({place: [one] for place, one in enumerate(tried)}).values()]


def count(noise: Noise, truths: Sequence[Ruling], blocks: int, seeds: range) -> Counted:
    """The files and claims of so many replays."""
    wrong = right = 0
    for seed in seeds:
        said = replay(noise, truths, blocks, np.random.default_rng(seed))
        right += sum(one is truth for one, truth in zip(said, truths, strict=True))
        wrong += any(one not in (truth, Ruling.NOT_SHOWN) for one, truth in zip(said, truths, strict=True))
    return Counted(wrong, right, len(truths) * len(seeds))


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    batches = [range(first, options.replays, BATCHES) for first in range(BATCHES)]
    wrong, right = [], []
    with ProcessPoolExecutor(BATCHES) as pool:
        for claims in options.claims:
            mixed = (list(TRUTHS) * claims)[:claims]
            kinds = {"a third each": mixed, "all on their thresholds": [Ruling.NOT_SHOWN] * claims}
            for (kind, truths), noise in product(kinds.items(), NOISES):
                name = f"{claims} claim{'s' * (claims > 1)}, {kind if claims > 1 else str(truths[0])}"
                found = list(pool.map(partial(count, noise, truths, options.blocks), batches))
                files, told, of = (sum(part) for part in zip(*found, strict=True))
                wrong.append(
                    Figure(f"{name}, {noise.name}", sitting.rounded(files / options.replays), n=options.replays)
                )
                if noise is PLAIN:
                    right.append(Figure(name, sitting.rounded(told / of), n=of))
                print(f"{name}, {noise.name}: {files / options.replays:.2%} of the files have a wrong verdict, "
                      f"{told / of:.2%} of the claims the right one", flush=True)  # fmt: skip
    if options.record:
        sitting.keep({"claims-wrong": wrong, "claims-right": right}, said="made up: no hour moves it")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.claims_replay", description="the error rates of a trial"
    )
    parser.add_argument("--replays", type=int, default=10_000)
    parser.add_argument("--claims", type=int, nargs="+", default=[1, 3, 15], help="of a file")
    parser.add_argument("--blocks", type=int, default=BLOCKS)
    sitting.add_option(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
