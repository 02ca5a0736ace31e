"""What a request costs our load generator where each has a connection of its own (`make bench-ending`).

CPU time per request against a bare C server, in alternations: the compiled loop's by the Python loop's, and by that of
a bare C client that connects, asks and closes (benchmarks/ending.c). Printed are medians and ranges; `--record` keeps
them as a sitting.
"""

import argparse
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import sitting
from benchmarks.sitting import over
from benchmarks.stage import ROOT, built, configuration, stage
from harness.processes.affinity import running_on
from harness.processes.stage import Stage, persistent_echo

CLIENTS, SIZE = 100, 64
EXCHANGE = persistent_echo(SIZE) | {"requests_per_connection": 1}
ALTERNATIONS = 15
SECONDS = 1.0
HEAD_S = 0.1
RIVALS = {"ending-cpu-by-python": "the Python loop's", "ending-cpu-by-c": "a bare C client's"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ending", description="what connections that end cost")
    sitting.add_option(parser)
    options = parser.parse_args()
    if shutil.which("cc") is None:
        print("No C compiler here, so there is nothing to compare with; install gcc.")
        return 1
    found = ratios(ALTERNATIONS, SECONDS)
    for claim, values in found.items():
        figure = over("compiled loop", values)
        print(f"CPU per request by {RIVALS[claim]}: {figure.value} (from {figure.low} to {figure.high})")
    if options.record:
        sitting.keep({claim: [over("compiled loop", values)] for claim, values in found.items()})
    return 0


def ratios(alternations: int, seconds: float) -> dict[str, list[float]]:
    """The compiled loop's CPU per request by each rival's, for each alternation; a claim each."""
    found: dict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        client = build(Path(folder))
        echo = built(Path(folder), "echo")
        config = configuration()
        with stage(config, {"c": echo}, "compiled") as ours, stage(config, {}, "python") as reference:
            endpoint = ours.servers["c"].endpoint
            for _ in range(alternations):
                compiled = _cpu_s(ours, endpoint.url, seconds)
                found["ending-cpu-by-python"].append(compiled / _cpu_s(reference, endpoint.url, seconds))
                found["ending-cpu-by-c"].append(compiled / _of_c(ours, client, endpoint.port, seconds))
    return found


def build(folder: Path) -> Path:
    """The bare C client; FileNotFoundError without a compiler."""
    subprocess.run(["cc", "-O2", "-o", folder / "ending", ROOT / "benchmarks/ending.c"], check=True)
    return folder / "ending"


def _cpu_s(theatre: Stage, url: str, seconds: float) -> float:
    """The loader's CPU seconds per request."""
    theatre.loader.open({"c": url}, CLIENTS, EXCHANGE)
    seen = theatre.loader.window("c", theatre.config.window.durations(HEAD_S, seconds))
    theatre.loader.close()
    return float(seen["loader_cpu_s"] / seen["replies"])


def _of_c(theatre: Stage, client: Path, port: int, seconds: float) -> float:
    command = [str(client), *map(str, (port, SIZE, CLIENTS, seconds))]
    with running_on(theatre.loader_cpus):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    requests, cpu_s = done.stdout.split()
    return float(cpu_s) / float(requests)


if __name__ == "__main__":
    sys.exit(main())
