"""What our load generator costs, in ratios taken in one run (`make bench-loader`).

Against the epoll strategy, each on one CPU:
  requests per second, ours by those of a stock Locust user;
  CPU time per request, ours by the server's.
Against a bare C epoll server:
  CPU time per request, ours by that of a bare Python epoll client, and by wrk's where that is installed;
  with stamps by without.

Ours is each hot loop in turn. Each ratio is taken in alternations; printed are their median and range. `--record` keeps
them as a sitting.
"""

import argparse
import math
import re
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from analysis.statistics import half_width
from benchmarks import sitting
from benchmarks.sitting import Figure, over, rounded
from benchmarks.stage import ROOT, built, configuration, stage
from harness.accounts import proctree
from harness.processes.affinity import running_on
from harness.processes.stage import Stage, persistent_echo

CLIENTS, SIZE = 100, 64
SECONDS = 2.0
ALTERNATIONS = 7
STAMP_ALTERNATIONS = 80  # short ones: the difference is small
STAMP_EVERY = 8  # as a run does at the rate of the bare server
HEAD_S = 0.1
HTTP_REPLY = '"HTTP/1.1 200 OK\\r\\nContent-Length: 25\\r\\n\\r\\n' + "x" * 25 + '"'  # 64 bytes

LOOPS = {"compiled": "compiled loop", "python": "Python loop"}
SAID = {
    "loader-rate-by-stock-locust": "requests per second by a stock Locust user's",
    "loader-cpu-by-server": "CPU per request by the epoll strategy's",
    "loader-cpu-by-bare-client": "CPU per request by a bare Python epoll client's",
    "loader-cpu-by-wrk": "CPU per request by wrk's",
    "loader-stamps-cost": "CPU per request by ours without stamps",
}
Found = Iterator[tuple[str, Figure]]  # a claim, and what was found for it


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loader", description="what the load generator costs")
    sitting.add_option(parser)
    options = parser.parse_args()
    found = defaultdict(list)
    for loop, name in LOOPS.items():
        print(
            f"The {loop} loop, {CLIENTS} clients, {SIZE} B, {ALTERNATIONS} alternations of {SECONDS:g} s each:",
            flush=True,
        )
        for against in (_against_epoll, _against_c):
            for claim, figure in against(loop, name):
                print(f"  {SAID[claim]}: {figure.value} (from {figure.low} to {figure.high})", flush=True)
                found[claim].append(figure)
    if options.record:
        sitting.keep(found)


def _against_epoll(loop: str, name: str) -> Found:
    config = configuration()
    with stage(config, {"epoll": config.strategies["epoll"]}, loop) as theatre:
        theatre.connect(["epoll"], CLIENTS, persistent_echo(SIZE))
        server = theatre.servers["epoll"]
        by_server = []
        by_locust = []
        for _ in range(ALTERNATIONS):
            before_s = proctree.usage(server.pid).cpu_s
            seen = theatre.loader.window("epoll", config.window.durations(HEAD_S, SECONDS))
            by_server.append(seen["loader_cpu_s"] / (proctree.usage(server.pid).cpu_s - before_s))
            requests, seconds = _client(
                theatre, "stock_locust.py", "127.0.0.1", server.endpoint.port, CLIENTS, SIZE, SECONDS
            )
            by_locust.append(seen["requests"] / seen["counted_s"] / (requests / seconds))
    yield "loader-rate-by-stock-locust", over(name, by_locust)
    yield "loader-cpu-by-server", over(name, by_server)


def _against_c(loop: str, name: str) -> Found:
    with TemporaryDirectory() as folder:
        try:
            echo, http = built(Path(folder), "echo"), built(Path(folder), "http", f"-DREPLY={HTTP_REPLY}")
        except FileNotFoundError:
            print("  no C compiler here: the comparisons against a bare C server are left out")
            return
        with stage(configuration(), {"c": echo, "http": http}, loop) as theatre:
            port = theatre.servers["c"].endpoint.port
            yield "loader-cpu-by-bare-client", over(name, _alternate(theatre, lambda: _bare_cpu(theatre, port)))
            if shutil.which("wrk"):
                yield "loader-cpu-by-wrk", over(name, _alternate(theatre, lambda: _wrk_cpu(theatre)))
            else:
                print("  wrk is not installed: left out")
            ratios = [_cpu_with(theatre, True) / _cpu_with(theatre, False) for _ in range(STAMP_ALTERNATIONS)]
            centre, half = statistics.mean(map(math.log, ratios)), half_width([math.log(ratio) for ratio in ratios])
            value, low, high = (rounded(math.exp(at)) for at in (centre, centre - half, centre + half))
            yield "loader-stamps-cost", Figure(name, value, low, high, len(ratios))


def _alternate(theatre: Stage, rival: Callable[[], float]) -> list[float]:
    """Our CPU per request by the rival's."""
    return [_cpu_with(theatre, True, SECONDS) / rival() for _ in range(ALTERNATIONS)]


def _cpu_with(theatre: Stage, stamps: bool, seconds: float = 0.25) -> float:
    """Our CPU seconds per request, on connections made for it."""
    theatre.loader.open({"c": theatre.servers["c"].endpoint.url}, CLIENTS, persistent_echo(SIZE), stamps)
    lengths = theatre.config.window.durations(HEAD_S, seconds)
    seen = theatre.loader.window("c", lengths, stamp_every=STAMP_EVERY)
    theatre.loader.close()
    return float(seen["loader_cpu_s"] / seen["replies"])


def _bare_cpu(theatre: Stage, port: int) -> float:
    requests, cpu_s = _client(theatre, "bare_client.py", port, CLIENTS, SIZE, SECONDS)
    return cpu_s / requests


def _wrk_cpu(theatre: Stage) -> float:
    port = theatre.servers["http"].endpoint.port
    command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS:g}s", f"http://127.0.0.1:{port}/"]
    before = psutil.Process().cpu_times()
    with running_on(theatre.loader_cpus):
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = psutil.Process().cpu_times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    found = re.search(r"(\d+) requests in", said)
    assert found, said
    return float(cpu_s / int(found[1]))


def _client(theatre: Stage, script: str, *arguments: object) -> tuple[float, float]:
    """The two numbers that a rival prints, run on the loader's CPU."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *map(str, arguments)]
    with running_on(theatre.loader_cpus):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    first, second = done.stdout.split()
    return float(first), float(second)


if __name__ == "__main__":
    main()
