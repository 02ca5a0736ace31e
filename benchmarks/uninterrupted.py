"""Does the interleaving bend latency? (`python -m benchmarks.uninterrupted`)

For each strategy, the p99 of short interleaved windows by that of uninterrupted windows many times as long; five
alternations with fresh servers. The median should be near 1. Both kinds count as many seconds, spread over the whole of
an alternation in several passes: the machine's slow and fast minutes must fall on both alike, or the tail of what
was sampled at more moments is the heavier for that alone.

Exit code 1 if a median is outside. `--strategies` looks at some of them again, all servers being alive; `--seed` draws
other orders. `--record` keeps the medians as a sitting.
"""

import argparse
import math
import random
import statistics
import sys
from collections import defaultdict

from hdrh.histogram import HdrHistogram

from benchmarks import sitting
from benchmarks.sitting import Figure, over
from benchmarks.stage import configuration, stage
from harness.processes.stage import Stage, persistent_echo

ALTERNATIONS = 5
PASSES = 8  # in an alternation
LONG_S = 1.0  # a strategy's long window in a pass, and all its short ones together
WITHIN = 0.25
SIZE = 64


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uninterrupted", description="is latency bent?")
    parser.add_argument("clients", type=int, nargs="*", default=[100, 500])
    parser.add_argument("--strategies", nargs="+", default=list(configuration().strategies))
    parser.add_argument("--seed", type=int, default=0)
    sitting.add_option(parser)
    options = parser.parse_args(arguments)
    found = [figure for clients in options.clients for figure in _found(clients, options.strategies, options.seed)]
    if options.record:
        sitting.keep({"p99-of-short-windows": found})
    return 0 if all(figure.value is not None and _near(figure.value) for figure in found) else 1


def _found(clients: int, names: list[str], seed: int) -> list[Figure]:
    """What is near 1 and what isn't, all servers being alive: the medians of all, and whose median is outside."""
    config = configuration()
    ratios = defaultdict(list)
    for alternation in range(ALTERNATIONS):
        with stage(config, config.strategies) as theatre:
            theatre.connect(list(config.strategies), clients, persistent_echo(SIZE))
            for name, ratio in _ratios(theatre, clients, names, random.Random(seed + alternation)).items():
                ratios[name].append(ratio)
        print(f"{clients} clients: alternation {alternation + 1} of {ALTERNATIONS} done", flush=True)
    middles = {name: statistics.median(found) for name, found in ratios.items()}
    for name in sorted(names, key=middles.__getitem__):
        found, mark = ratios[name], "" if _near(middles[name]) else "  outside"
        print(f"  {name:18} {middles[name]:.2f} ({min(found):.2f} to {max(found):.2f}){mark}", flush=True)
    apart = names if set(names) < set(config.strategies) else [name for name in names if not _near(middles[name])]
    own = [over(f"{clients} clients, {name}", ratios[name]) for name in apart]
    return own if apart == names else [over(f"{clients} clients, all strategies", list(middles.values())), *own]


def _near(ratio: float) -> bool:
    return abs(ratio - 1) <= WITHIN


def _ratios(theatre: Stage, clients: int, names: list[str], order: random.Random) -> dict[str, float]:
    window = theatre.config.window
    length = window.length(clients)
    short = {name: HdrHistogram(1, 3_600 * 10**9, 3) for name in names}
    long = {name: HdrHistogram(1, 3_600 * 10**9, 3) for name in names}
    counted_s = dict.fromkeys(names, length.counted_s)
    tails_s: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(PASSES):
        visits = [(name, True) for name in names]
        visits += [(name, False) for name in names for _ in range(math.ceil(LONG_S / counted_s[name]))]
        # In one random order: what a process went through before must not tell the two kinds apart.
        for name, is_long in order.sample(visits, len(visits)):
            lengths = window.durations(length.head_s, LONG_S if is_long else counted_s[name])
            observed = theatre.loader.window(name, lengths)
            (long if is_long else short)[name].decode_and_add(observed["latency_hdr"])
            if not is_long:
                tails_s[name].append(observed["latency_p99_ns"] / 1e9)
                wanted_s = min(window.grow_to_p99s * statistics.median(tails_s[name]), window.counted_limit_s)
                counted_s[name] = max(length.counted_s, wanted_s)
    return {name: short[name].get_value_at_percentile(99) / long[name].get_value_at_percentile(99) for name in names}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
