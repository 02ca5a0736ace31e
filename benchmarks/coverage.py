"""Does a 95 % interval hold the truth in 95 of 100 cases? (`python -m benchmarks.coverage RESULTS`)

RESULTS has recorded strategies against themselves in many blocks (`run_bench.py gate --calibrate`). They are replayed
(benchmarks/replay.py): as runs of a fixed number of blocks, and with `--precision 2%` as runs that go on until
both throughputs are known that well. There the interval of the throughput itself is shown too: it is the
one that decides when to stop, so the one that looking bends most. Beside it stands the same figure's interval in
runs of as many blocks, fixed beforehand and not widened: what that misses is not the looking's doing. `--record` keeps
it as a sitting, whose hour is that of the recording.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.records.reading import ResultsError, read
from analysis.statistics import t_quantile
from analysis.stopping.precision import WIDENED, Precision
from benchmarks import sitting
from benchmarks.replay import RATE, RATIO, Coverage, Floats, Twins, counted, coverage, drawn, truth, twins
from benchmarks.sitting import over

BATCH = 1_000  # replays at a time: what fits into memory


class Stopped(NamedTuple):
    """Runs that went on until they were precise enough."""

    ratio: Coverage
    throughput: Coverage
    blocks: float  # at the stop: median
    out_of_blocks: float  # share of the runs that were stopped by the budget


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        results = read(options.results)
        pairs = list(twins(results))
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    if not pairs:
        print(f"{options.results}: nothing is compared with itself; take a run of gate --calibrate", file=sys.stderr)
        return 1
    random = np.random.default_rng(options.seed)
    held: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        print(f"{pair.name} ({pair.where}): {len(pair.log_ratios)} blocks recorded, {options.replays:,} replays")
        if options.precision:
            rule = Precision(options.precision)
            stopped = sequential(pair, rule, options.replays, options.budget, random)
            print(f"  until ± {rule.target:.1%}: {stopped.blocks:.0f} blocks, "
                  f"{stopped.out_of_blocks:.1%} stopped by the budget of {options.budget}")  # fmt: skip
            print(f"  ratio       {_say(stopped.ratio)}")
            print(f"  throughput  {_say(stopped.throughput)}")
            fixed = coverage(pair, options.replays, round(stopped.blocks), random, RATE)
            print(f"  not looked  {_say(fixed)}", flush=True)
            held["ratio"].append(stopped.ratio.share)
            held["throughput"].append(stopped.throughput.share)
            held["throughput, as many blocks fixed beforehand"].append(fixed.share)
        else:
            for blocks in options.blocks:
                found = coverage(pair, options.replays, blocks, random)
                print(f"  {blocks:3} blocks  {_say(found)}", flush=True)
                held[f"{blocks} blocks"].append(found.share)
    if options.record:
        claim = "coverage-when-precise" if options.precision else "ratio-coverage"
        said = f"that of the recording, {results.run['started_at']} ({len(pairs[0].log_ratios)} blocks)"
        sitting.keep({claim: [over(of, shares) for of, shares in held.items()]}, said=said)
    return 0


def sequential(pair: Twins, rule: Precision, replays: int, budget: int, random: np.random.Generator) -> Stopped:
    """Replay the rule: look after every block, stop where both cells are precise enough or `budget` blocks are used."""
    rows = [
        _stops(drawn(pair, min(BATCH, replays - done), budget, random), rule, truth(pair, RATE))
        for done in range(0, replays, BATCH)
    ]
    ratio_held, ratio_half, held, half, blocks, reached = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Stopped(
        counted(ratio_held > 0, ratio_half),
        counted(held > 0, half),
        float(np.median(blocks)),
        float(1 - reached.mean()),
    )


def _stops(runs: Floats, rule: Precision, rate: float) -> list[Floats]:
    """Of each run at its stop: did ratio and throughput hold and how wide were they, the blocks, was it precise."""
    cells = [looks(runs[..., name]) for name in (0, 1)]
    precise = np.maximum(np.sinh(cells[0][1]), np.sinh(cells[1][1])) <= rule.target
    precise[:, : rule.first_look - 1] = False
    reached = precise.any(axis=1)
    last = np.where(reached, precise.argmax(axis=1), precise.shape[1] - 1)[:, None]
    centre, half = (np.take_along_axis(figures, last, axis=1)[:, 0] for figures in cells[0])
    differences = looks(runs[..., RATIO], widened=1.0)  # it decides no stop
    ratio, ratio_half = (np.take_along_axis(figures, last, axis=1)[:, 0] for figures in differences)
    return [np.abs(ratio) <= ratio_half, ratio_half, np.abs(centre - rate) <= half, half, last[:, 0] + 1.0, reached]


def looks(logs: Floats, widened: float = WIDENED) -> tuple[Floats, Floats]:
    """Mean and half-width on the log scale after each block of each run (rows), as the rule has them."""
    blocks = np.arange(1, logs.shape[1] + 1)
    first = logs[:, :1]  # the spread is that of the distances from it, and those are small
    mean = np.cumsum(logs - first, axis=1) / blocks
    squares = np.cumsum((logs - first) ** 2, axis=1) - blocks * mean**2
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.maximum(squares, 0) / (blocks - 1))
        half = widened * np.array([t_quantile(count) for count in blocks]) * deviation / np.sqrt(blocks)
    half[:, 0] = np.inf
    return mean + first, half


def _say(found: Coverage) -> str:
    return f"coverage {found.share:.2%} ± {found.error:.2%}, median half-width {found.half_width:.2%}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description="coverage by replay")
    parser.add_argument("results", metavar="RESULTS", type=Path)
    parser.add_argument("--replays", type=int, default=10_000)
    parser.add_argument("--blocks", type=int, nargs="+", default=[4, 6, 12], help="blocks of a run, one or several")
    parser.add_argument("--precision", type=_share, help="until both throughputs are known that well, such as 2%%")
    parser.add_argument("--budget", type=int, default=200, help="with --precision: blocks at most")
    parser.add_argument("--seed", type=int, default=1)
    sitting.add_option(parser)
    return parser


def _share(text: str) -> float:
    share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share between 0 and 100%")
    return share


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
