"""Does an A/A comparison come out as no difference? (`python -m benchmarks.same_strategy_twice`)

One strategy in two variants that are the same, in quick runs of that pair: how often the interval of their ratio
holds 1, and how wide it is. An honest 95 % interval misses about once in twenty. `--record` keeps it as a sitting.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks import sitting
from benchmarks.sitting import Figure, over
from benchmarks.stage import ROOT

RUNS = 20
WIDEST = 0.15


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.same_strategy_twice", description="A/A in quick runs")
    parser.add_argument("strategy", nargs="?", default="epoll")
    sitting.add_option(parser)
    options = parser.parse_args()
    strategy = options.strategy
    held, widths = 0, []
    for run in range(RUNS):
        with TemporaryDirectory() as folder:
            cell = _ratio_of_pair(strategy, seed=run, folder=Path(folder))
        holds = cell.ratio_low <= 1 <= cell.ratio_high
        width = (cell.ratio_high - cell.ratio_low) / 2
        held += holds
        widths.append(width)
        print(f"run {run + 1:2}: {cell.ratio:.3f} ± {width:.3f} {'' if holds else '  1 is outside'}", flush=True)
    print(f"{strategy}: 1 inside {held} of {RUNS}; half-width {min(widths):.3f} to {max(widths):.3f}")
    if options.record:
        sitting.keep({
            "aa-holds-one": [Figure(strategy, held / RUNS, n=RUNS)],
            "aa-half-width-quick": [over(strategy, widths)],
        })  # fmt: skip
    return 0 if held >= RUNS - 3 and max(widths) <= WIDEST else 1


def _ratio_of_pair(strategy: str, seed: int, folder: Path) -> pd.Series:
    """The second variant's row of cells.csv, after a quick run of both."""
    bench = folder / "pair.toml"
    bench.write_text("[variants.first]\n[variants.second]\n")
    options = ["--strategies", strategy, "--variants", "first,second", "--profile", "quick", "--seed", str(seed)]
    subprocess.run(
        [sys.executable, ROOT / "run_bench.py", "--bench", bench, *options, "--results", folder],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    cells = pd.read_csv(folder / "latest" / "cells.csv")
    return cells[cells.variant == "second"].iloc[0]


if __name__ == "__main__":
    sys.exit(main())
