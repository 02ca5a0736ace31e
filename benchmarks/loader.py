"""What our load generator costs, in ratios taken in one run (`make bench-loader`).

1. Requests per second against the epoll strategy, ours by those of a stock Locust user; both on one CPU.
2. CPU time per request against a bare C epoll server, ours by that of a bare Python epoll client.

Each ratio is taken in alternations; printed are their median and range.
"""

import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.stage import ROOT, Stage, configuration, stage
from harness.config import Strategy
from harness.server import running_on

CLIENTS, SIZE = 100, 64
SECONDS = 2.0
ALTERNATIONS = 7
LENGTHS = {"head_s": 0.1, "counted_s": SECONDS, "drain_limit_s": 0.5, "request_timeout_s": 5.0}


def main() -> None:
    config = configuration()
    with stage(config, {"epoll": config.strategies["epoll"]}) as theatre:
        theatre.open(CLIENTS, SIZE)
        port = theatre.servers["epoll"].port
        ratios = [_ours_rps(theatre) / _stock_rps(theatre, port) for _ in _alternations("stock Locust")]
    _say("requests per second, ours / stock Locust user, against the epoll strategy", ratios)
    compiler = shutil.which("cc")
    if compiler is None:
        print("No C compiler here: the comparison against a bare C server is left out.")
        return
    with TemporaryDirectory() as folder:
        binary = Path(folder) / "echo_server"
        subprocess.run([compiler, "-O2", "-o", binary, ROOT / "benchmarks/echo_server.c"], check=True)
        with stage(config, {"c": Strategy(name="c", command=str(binary), cwd=ROOT)}) as theatre:
            theatre.open(CLIENTS, SIZE)
            port = theatre.servers["c"].port
            ratios = [_ours_cpu(theatre) / _bare_cpu(theatre, port) for _ in _alternations("bare client")]
    _say("CPU per request, ours / bare Python epoll client, against a bare C epoll server", ratios)


def _ours_rps(theatre: Stage) -> float:
    observed = _window(theatre)
    return float(observed["requests"] / observed["counted_s"])


def _ours_cpu(theatre: Stage) -> float:
    observed = _window(theatre)
    return float(observed["loader_cpu_s"] / observed["replies"])


def _window(theatre: Stage) -> dict[str, float]:
    (target,) = theatre.servers
    return theatre.loader.window(target, LENGTHS)


def _stock_rps(theatre: Stage, port: int) -> float:
    requests, seconds = _client(theatre, "stock_locust.py", "127.0.0.1", port, CLIENTS, SIZE, SECONDS)
    return requests / seconds


def _bare_cpu(theatre: Stage, port: int) -> float:
    requests, cpu_seconds = _client(theatre, "bare_client.py", port, CLIENTS, SIZE, SECONDS)
    return cpu_seconds / requests


def _client(theatre: Stage, script: str, *arguments: object) -> tuple[float, float]:
    """The two numbers that a rival prints, run on the loader's CPU."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *map(str, arguments)]
    with running_on(theatre.loader_cpus):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    first, second = done.stdout.split()
    return float(first), float(second)


def _alternations(rival: str) -> range:
    print(f"{ALTERNATIONS} alternations of {SECONDS:g} s, ours and {rival} ...", flush=True)
    return range(ALTERNATIONS)


def _say(what: str, ratios: list[float]) -> None:
    middle = statistics.median(ratios)
    print(f"{what}: {middle:.2f} (from {min(ratios):.2f} to {max(ratios):.2f}), {CLIENTS} clients, {SIZE} B")


if __name__ == "__main__":
    main()
