"""Does the interleaving bend latency? (`python -m benchmarks.uninterrupted [CLIENTS ...]`)

For each strategy, the p99 of short interleaved windows, half of them before and half after, by that of one long
window of the same cell; five alternations with fresh servers. The median should be near 1.
"""

import random
import statistics
import sys
from collections import defaultdict

from hdrh.histogram import HdrHistogram

from benchmarks.stage import Stage, configuration, stage

ALTERNATIONS = 5
ROUNDS = 5  # before the long windows, and again after them
LONG_S = 2.0
WITHIN = 0.25
SIZE = 64


def main(crowds: list[int]) -> int:
    config = configuration()
    bent = 0
    for clients in crowds:
        ratios = defaultdict(list)
        for alternation in range(ALTERNATIONS):
            with stage(config, config.strategies) as theatre:
                theatre.open(clients, SIZE)
                for name, ratio in _ratios(theatre, clients, random.Random(alternation)).items():
                    ratios[name].append(ratio)
            print(f"{clients} clients: alternation {alternation + 1} of {ALTERNATIONS} done", flush=True)
        for name, found in sorted(ratios.items(), key=lambda item: statistics.median(item[1])):
            middle = statistics.median(found)
            inside = abs(middle - 1) <= WITHIN
            bent += not inside
            print(f"  {name:18} {middle:.2f} ({min(found):.2f} to {max(found):.2f}){'' if inside else '  bent'}")
    return 1 if bent else 0


def _ratios(theatre: Stage, clients: int, order: random.Random) -> dict[str, float]:
    window = configuration().window
    length = window.length(clients)
    lengths = {
        "head_s": length.head_s,
        "drain_limit_s": window.drain_limit_s,
        "request_timeout_s": window.request_timeout_s,
    }
    names = list(theatre.servers)
    short = {name: HdrHistogram(1, 3_600 * 10**9, 3) for name in names}
    long_ns = {}
    counted_s = dict.fromkeys(names, length.counted_s)

    def interleaved() -> None:
        for _ in range(ROUNDS):
            for name in order.sample(names, len(names)):
                observed = theatre.loader.window(name, lengths | {"counted_s": counted_s[name]})
                short[name].decode_and_add(observed["latency_hdr"])
                tail_s = window.p99_multiple * observed["latency_p99_ns"] / 1e9
                counted_s[name] = max(length.counted_s, min(tail_s, window.counted_limit_s))

    interleaved()
    for name in order.sample(names, len(names)):
        long_ns[name] = theatre.loader.window(name, lengths | {"counted_s": LONG_S})["latency_p99_ns"]
    interleaved()
    return {name: short[name].get_value_at_percentile(99) / long_ns[name] for name in names}


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or [100, 500]))
