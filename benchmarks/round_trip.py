"""Does the load generator add to the latency that it reports? (`python -m benchmarks.round_trip`)

The median round trip of one connection, ours by that of the plainest C client (benchmarks/round_trip.c), against one
server, from the same CPU. In each alternation both measure in several short turns, in random order: waking up costs
more at one moment than at the next, and neighbours share the moment. The ratio, the median of the turns', should be
near 1. `--record` keeps it as a sitting.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hdrh.histogram import HdrHistogram

from benchmarks import sitting
from benchmarks.sitting import Figure, over
from benchmarks.stage import ROOT, configuration, stage
from harness.processes.affinity import running_on
from harness.processes.stage import Stage, persistent_echo

ALTERNATIONS = 20
SIZE = 64
TURNS = 7  # in an alternation
SECONDS = 0.2  # of each, in a turn
WITHIN = 0.15
HEAD_S = 0.02


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.round_trip", description="one client's p50 by C's")
    sitting.add_option(parser)
    options = parser.parse_args()
    compiler = shutil.which("cc")
    if compiler is None:
        print("No C compiler here, so there is nothing to compare with; install gcc.")
        return 1
    config = configuration()
    with TemporaryDirectory() as folder, stage(config, {"epoll": config.strategies["epoll"]}) as theatre:
        client = build(compiler, Path(folder))
        # by our own clock, as C takes it: the kernel's stamp would leave out how long it takes to wake up
        theatre.loader.open({"epoll": theatre.servers["epoll"].endpoint.url}, 1, persistent_echo(SIZE), stamps=False)
        ratios = []
        for alternation in range(ALTERNATIONS):
            ratios.append(_ratio(theatre, client, random.Random(alternation)))
            print(f"alternation {alternation + 1:2} of {ALTERNATIONS}: {ratios[-1]:.3f}", flush=True)
    middle = statistics.median(ratios)
    inside = sum(abs(ratio - 1) <= WITHIN for ratio in ratios)
    print(
        f"median round trip of one connection, ours / C: {middle:.3f} (from {min(ratios):.3f} to {max(ratios):.3f}); "
        f"{inside} of {ALTERNATIONS} within ± {WITHIN:.0%}"
    )
    if options.record:
        share = Figure("share of the alternations within 15 %", inside / ALTERNATIONS, n=ALTERNATIONS)
        sitting.keep({"round-trip-by-c": [over("p50, ours by the C client's", ratios), share]})
    return 0 if abs(middle - 1) <= WITHIN else 1


def build(compiler: str, folder: Path) -> Path:
    program = folder / "round_trip"
    subprocess.run([compiler, "-O2", "-o", program, ROOT / "benchmarks/round_trip.c"], check=True)
    return program


def _ratio(theatre: Stage, client: Path, order: random.Random) -> float:
    return statistics.median(_of_turn(theatre, client, order) for _ in range(TURNS))


def _of_turn(theatre: Stage, client: Path, order: random.Random) -> float:
    port = theatre.servers["epoll"].endpoint.port
    measures = {"ours": lambda: _ours_ns(theatre), "c": lambda: _c_ns(theatre, client, port)}
    medians = {name: measures[name]() for name in order.sample(sorted(measures), len(measures))}
    return medians["ours"] / medians["c"]


def _ours_ns(theatre: Stage) -> float:
    latencies = HdrHistogram(1, 3_600 * 10**9, 3)
    latencies.decode_and_add(
        theatre.loader.window("epoll", theatre.config.window.durations(HEAD_S, SECONDS))["latency_hdr"]
    )
    return float(latencies.get_value_at_percentile(50))


def _c_ns(theatre: Stage, client: Path, port: int) -> float:
    with running_on(theatre.loader_cpus):
        done = subprocess.run([client, str(port), str(SIZE), str(SECONDS)], check=True, capture_output=True, text=True)
    return float(done.stdout)


if __name__ == "__main__":
    sys.exit(main())
