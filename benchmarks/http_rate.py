"""Whether our load generator finds the rate that another client of HTTP finds (`make bench-http`).

Requests per second with connections that stay, ours by those of wrk, or of h2load where wrk isn't installed, in
alternations on three servers. Printed are medians and ranges; `--record` keeps them as a sitting.
"""

import argparse
import re
import shutil
import subprocess
import sys

from benchmarks import sitting
from benchmarks.sitting import Figure, over
from benchmarks.stage import configuration, stage
from harness.processes.affinity import running_on
from harness.processes.stage import Stage

CLIENTS, SIZE = 100, 64
SERVERS = ("http-threading", "twisted-web", "tornado-web")
ALTERNATIONS = 10
SECONDS = 2
HEAD_S = 0.1
# What starts a rival, with one thread on the loader's CPU, and how it says the rate.
RIVALS = {
    "wrk": (["wrk", "-t1", f"-c{CLIENTS}", "-d{seconds}s", "{url}"], r"Requests/sec:\s+([\d.]+)"),
    "h2load": (["h2load", "--h1", "-t1", f"-c{CLIENTS}", "-D{seconds}", "{url}"], r"finished in .*?, ([\d.]+) req/s"),
}  # fmt: skip
CLAIM = "http-rate-by-wrk"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http_rate", description="ours against another client")
    sitting.add_option(parser)
    options = parser.parse_args()
    rival = next(filter(shutil.which, RIVALS), None)
    if rival is None:
        print("Neither wrk nor h2load is installed; install one, such as by apt-get install wrk.", file=sys.stderr)
        return 2
    figures = ratios(rival, ALTERNATIONS, SECONDS)
    for figure in figures:
        print(f"{figure.of}: {figure.value} of {rival}'s rate (from {figure.low} to {figure.high})")
    if options.record:
        sitting.keep({CLAIM: figures})
    return 0


def ratios(rival: str, alternations: int, seconds: int) -> list[Figure]:
    """Our rate by the rival's, of each server."""
    config = configuration()
    with (
        stage(config, {}) as theatre,
        theatre.started({name: config.strategies[name] for name in SERVERS}, "http"),
    ):
        found: dict[str, list[float]] = {name: [] for name in SERVERS}
        for turn in range(alternations):
            for name in SERVERS:
                rates: dict[bool, float] = {}
                for is_ours in (True, False) if turn % 2 else (False, True):
                    rates[is_ours] = (
                        _ours(theatre, name, seconds) if is_ours else _theirs(theatre, name, rival, seconds)
                    )
                found[name].append(rates[True] / rates[False])
    return [over(f"{name}, {rival}", values) for name, values in found.items()]


def _ours(theatre: Stage, name: str, seconds: int) -> float:
    """Right replies per second."""
    exchange = {"service": "http", "message_size": SIZE}
    theatre.loader.open({name: theatre.servers[name].endpoint.url}, CLIENTS, exchange)
    seen = theatre.loader.window(name, theatre.config.window.durations(HEAD_S, seconds))
    theatre.loader.close()
    return float(seen["requests"] / seen["counted_s"])


def _theirs(theatre: Stage, name: str, rival: str, seconds: int) -> float:
    """Replies per second. Raises CalledProcessError where it can't."""
    words, said = RIVALS[rival]
    endpoint = theatre.servers[name].endpoint
    url = f"http://{endpoint.host}:{endpoint.port}/{SIZE}"
    with running_on(theatre.loader_cpus):
        done = subprocess.run(
            [word.format(seconds=seconds, url=url) for word in words], check=True, capture_output=True, text=True
        )
    rate = re.search(said, done.stdout)
    assert rate, done.stdout
    if failed := re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout):
        raise ValueError(f"{rival} had {failed[1]} replies that are none from {name}")
    return float(rate[1])


if __name__ == "__main__":
    sys.exit(main())
