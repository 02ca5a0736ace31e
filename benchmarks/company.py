"""Does a server's company bend its rate? (`python -m benchmarks.company`)

The epoll strategy is measured beside a server that polls without end, and beside its sound twin, in pairs of runs that
alternate which comes first. The rate beside the one by that beside the other should be near 1. `--record` keeps the
median as a sitting.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks import sitting
from benchmarks.sitting import over
from benchmarks.stage import ROOT

PAIRS = 3
WITHIN = 0.15
MISBEHAVING = ROOT / "tests" / "support" / "misbehaving"
POLLS, TWIN = "busy.py loop", "misbehave.py sound"
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
    ratios = []
    for pair in range(PAIRS):
        rates = {kind: _rate_beside(kind, seed=pair) for kind in ([POLLS, TWIN] if pair % 2 else [TWIN, POLLS])}
        ratios.append(rates[POLLS] / rates[TWIN])
        print(f"{rates[POLLS]:,.0f} by {rates[TWIN]:,.0f} a second: {ratios[-1]:.3f}", flush=True)
    figure = over("epoll, 100 clients", ratios)
    print(f"median {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})")
    if options.record:
        sitting.keep({"company-bends-no-rate": [figure]})
    return 0 if figure.value is not None and abs(figure.value - 1) <= WITHIN else 1


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
        return float(cells["throughput_rps"].loc["epoll"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
