"""Does a server's company bend its rate? (`python -m benchmarks.company`)

The epoll strategy is measured beside a server that works when nobody asks, and beside its sound twin, in pairs of runs
that alternate which comes first. The rate beside the one by that beside the other should be near 1. `--record` keeps
the ratios as a sitting.
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

PAIRS = 3
WITHIN = 0.15
MISBEHAVING = ROOT / "tests" / "support" / "misbehaving"
TWIN = "misbehave.py sound"
COMPANY = {"polls without end": "busy.py loop", "has a busy thread": "busy.py thread"}
PROFILE = """
[profiles.company]
blocks = 4
rounds = 8
matrix = [{ service = ["echo"], clients = [100] }]
"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.company", description="does company bend a rate?")
    sitting.add_option(parser)
    options = parser.parse_args(arguments)
    found = [_beside(what, words) for what, words in COMPANY.items()]
    if options.record:
        sitting.keep({"company-bends-no-rate": found})
    return 0 if all(figure.value is not None and abs(figure.value - 1) <= WITHIN for figure in found) else 1


def _beside(what: str, words: str) -> Figure:
    """epoll's rate beside a server that does this, by that beside its twin."""
    ratios = []
    for pair in range(PAIRS):
        kinds = [words, TWIN] if pair % 2 else [TWIN, words]
        rates = {kind: _rate_beside(kind, seed=pair) for kind in kinds}
        ratios.append(rates[words] / rates[TWIN])
        print(f"{what}: {rates[words]:,.0f} by {rates[TWIN]:,.0f} a second: {ratios[-1]:.3f}", flush=True)
    figure = over(f"beside one that {what}", ratios)
    print(f"{figure.of}: {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})", flush=True)
    return figure


def _rate_beside(words: str, seed: int) -> float:
    """The rate of epoll, in requests per second, in a run beside this server."""
    with TemporaryDirectory() as folder:
        bench = Path(folder) / "company.toml"
        bench.write_text(f"{PROFILE}[strategies]\ncompany = '{{python}} {MISBEHAVING}/{words}'\n")
        options = ["--strategies", "company,epoll", "--service", "echo", "--profile", "company", "--seed", str(seed)]
        subprocess.run(
            [sys.executable, ROOT / "run_bench.py", "--bench", bench, *options, "--results", Path(folder) / "results"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cells = pd.read_csv(Path(folder) / "results" / "latest" / "cells.csv", index_col="strategy")
        return float(cells.loc["epoll", "throughput_rps"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
