"""How well a ratio is known after a minute (`python -m benchmarks.minute [STRATEGY ...]`).

One strategy in two variants that are the same, compared for 60 s in both ways: in interleaved short windows over
blocks of fresh servers, as runs of this project do it with `--budget`, and one after the other in long windows, as
most benchmarks do.
Printed are the 95 % intervals of the ratio, whose truth is 1; `--record` keeps half their width as a sitting.
"""

import argparse
import random
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from analysis.statistics import half_width
from benchmarks import sitting
from benchmarks.sitting import Figure, rounded
from benchmarks.stage import ROOT, configuration, stage
from harness.processes.stage import persistent_echo

STRATEGIES = ("epoll", "twisted", "gevent", "threading")
CLIENTS, SIZE = 100, 64
SECONDS = 60
PRECISION = "0.1%"  # narrower than a minute gives: the budget decides when it ends
LONG_S = 6.0  # five of each name in the same time
PROFILE = f"""
[variants.first]
[variants.second]
[verdict]
perturb_from_share = 1.0
[profiles.minute]
blocks = 10
rounds = 10  # more of the minute for windows, less for starting servers
matrix = [{{ service = ["echo"], clients = [{CLIENTS}], sizes = [{SIZE}] }}]
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.minute", description="a ratio after a minute")
    parser.add_argument("strategies", nargs="*", default=list(STRATEGIES))
    sitting.add_option(parser)
    options = parser.parse_args()
    found: dict[str, list[Figure]] = {"minute-half-width": [], "minute-one-after-the-other": []}
    for strategy in options.strategies:
        interleaved, took_s = _interleaved(strategy)
        print(f"{strategy}: interleaved {_say(interleaved)} in {took_s:.0f} s of measuring", flush=True)
        in_turn = _one_after_the_other(strategy)
        print(f"{'':{len(strategy)}}  one after the other {_say(in_turn)}", flush=True)
        for figures, interval in zip(found.values(), (interleaved, in_turn), strict=True):
            figures.append(Figure(strategy, rounded(_half_width(interval))))
    if options.record:
        sitting.keep(found)


def _interleaved(strategy: str) -> tuple[tuple[float, float, float], float]:
    """The ratio of the second variant to the first with its interval, as a run finds it."""
    with TemporaryDirectory() as folder:
        bench = Path(folder) / "pair.toml"
        bench.write_text(PROFILE)
        pair = ["--strategies", strategy, "--variants", "first,second", "--profile", "minute"]
        pair += ["--precision", PRECISION, "--budget", f"{SECONDS}s"]
        subprocess.run(
            [sys.executable, ROOT / "run_bench.py", "--bench", bench, *pair, "--results", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cells = pd.read_csv(Path(folder) / "latest" / "cells.csv").set_index("variant")
        took_s = pd.read_json(Path(folder) / "latest" / "run.json", typ="series")["measuring"]["seconds"]
    second = cells.loc["second"]
    ratio = [float(str(second[column])) for column in ("ratio", "ratio_low", "ratio_high")]
    return (ratio[0], ratio[1], ratio[2]), float(str(took_s))


def _one_after_the_other(strategy: str) -> tuple[float, float, float]:
    """The same from a few long windows of each, alternating; windows are taken for independent."""
    config = configuration()
    lengths = config.window.durations(head_s=0.1, counted_s=LONG_S)
    rates: dict[str, list[float]] = {"first": [], "second": []}
    with stage(
        config, {name: config.strategies[strategy].model_copy(update={"name": name}) for name in rates}
    ) as theatre:
        theatre.connect(list(rates), CLIENTS, persistent_echo(SIZE))
        for turn in range(round(SECONDS / LONG_S / 2)):
            for name in random.Random(turn).sample(list(rates), 2):
                seen = theatre.loader.window(name, lengths)
                rates[name].append(seen["requests"] / seen["counted_s"])
    logs = np.log(rates["second"]) - np.log(rates["first"])
    centre, half = float(logs.mean()), half_width(logs.tolist())
    return float(np.exp(centre)), float(np.exp(centre - half)), float(np.exp(centre + half))


def _say(interval: tuple[float, float, float]) -> str:
    value, low, high = interval
    return f"{value:.3f}, from {low:.3f} to {high:.3f} (± {_half_width(interval):.1%})"


def _half_width(interval: tuple[float, float, float]) -> float:
    _, low, high = interval
    return (high - low) / 2


if __name__ == "__main__":
    main()
