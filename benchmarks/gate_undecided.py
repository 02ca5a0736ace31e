"""How often is a gate on identical code undecided, and how often only because a doubt may hide a loss?

`python -m benchmarks.gate_undecided RESULTS`, where RESULTS is a run of the working tree against itself
(`run_bench.py gate --calibrate`). Whole runs are drawn from its blocks with replacement, base and head swapped at
random in each, and examined by the code that decides in earnest. The same run, asked without what may hide a loss,
is the control: it differs in nothing else.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from analysis.gate.result import EXIT_UNDECIDED, examine
from analysis.records.reading import Results, ResultsError, read
from benchmarks import sitting
from benchmarks.sitting import Figure

BATCHES = 2  # processes
DOUBTED = "end in 3 only as a doubt may hide a loss"
TABLES = ("windows", "perturbed", "footprints", "failures")


class Ends(NamedTuple):
    """How one replayed gate ended, and how it would have without what may hide a loss."""

    code: int
    unaware: int


def drawn(results: Results, blocks: int, seed: int) -> Results:
    """A run of so many blocks, drawn from those of a run against itself."""
    dice = random.Random(seed)
    base, head = results.run["variants"]
    either_way: tuple[Mapping[str, str], ...] = ({base: base, head: head}, {base: head, head: base})
    recorded = sorted(set(results.windows["block"]))
    picked = [(dice.choice(recorded), dice.choice(either_way)) for _ in range(blocks)]
    tables = {}
    for name in TABLES:
        table = getattr(results, name)
        parts = dict(list(table.groupby("block"))) if len(table) else {}
        met = [
            parts[block].assign(block=at, variant=parts[block]["variant"].map(sides))
            for at, (block, sides) in enumerate(picked)
            if block in parts
        ]
        tables[name] = pd.concat(met, ignore_index=True) if met else table.iloc[:0]
    return replace(results, **tables)


def ends(results: Results, blocks: int, seeds: range) -> list[Ends]:
    """Of a gate for each seed."""
    return [_ends(drawn(results, blocks, seed)) for seed in seeds]


def _ends(results: Results) -> Ends:
    gate = examine(results)
    return Ends(gate.exit_code, replace(gate, hidden={}).exit_code)


def figures(found: list[Ends]) -> Iterator[Figure]:
    """Shares of the gates by how they ended, and of those that a doubt alone left undecided."""
    for code, count in sorted(Counter(end.code for end in found).items()):
        yield Figure(f"end in {code}", count / len(found), n=len(found))
    doubted = sum(end.code == EXIT_UNDECIDED != end.unaware for end in found)
    yield Figure(DOUBTED, doubted / len(found), n=len(found))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate_undecided", description="equals left undecided")
    parser.add_argument("results", metavar="RESULTS", type=Path)
    parser.add_argument("--replays", type=int, default=1_000)
    parser.add_argument("--blocks", type=int, default=20, help="of each replayed gate")
    sitting.add_option(parser)
    options = parser.parse_args()
    try:
        results = read(options.results)
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 2
    batches = [range(first, options.replays, BATCHES) for first in range(BATCHES)]
    with ProcessPoolExecutor(BATCHES) as pool:
        found = [end for batch in pool.map(partial(ends, results, options.blocks), batches) for end in batch]
    told = list(figures(found))
    for figure in told:
        print(f"{figure.of}: {figure.value:.1%} of {figure.n:,}")
    if options.record:
        sitting.keep({"gate-undecided": [figure for figure in told if figure.of == DOUBTED]})
    return 0


if __name__ == "__main__":
    sys.exit(main())
