"""How much more do two workers ask than one? (`make bench-hosts`)

Workers come as from other hosts, each on a CPU of its own, and ask a bare C server of several processes that costs
next to nothing. Runs with two and with one alternate. `--record` keeps the median of the ratios as a sitting; with
fewer CPUs than it takes it shows that all of it works, and no more: the figure says so, and has no value.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks import sitting
from benchmarks.sitting import Figure, over
from benchmarks.stage import ROOT, built
from harness.processes.affinity import running_on

PAIRS = 5
PROCESSES = 2  # of the server
CPUS = PROCESSES + 2 + 1  # the server's, the workers', the run's
LIMIT_S = 300.0  # of a run
BENCH = """
[strategies]
bare = {{ attach = "{address}", services = ["echo"] }}
[profiles.hosts]
blocks = {blocks}
rounds = {rounds}
matrix = [{{ service = ["echo"], clients = [100] }}]
"""
COMMAND = re.compile(r"python (-m loadgen\.worker .*)")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description="two workers against one")
    sitting.add_option(parser)
    options = parser.parse_args(arguments)
    figure = told(ratios(PAIRS), os.sched_getaffinity(0))
    median = "" if figure.value is None else f"{figure.value}, "
    print(f"{figure.of}: {median}from {figure.low} to {figure.high}")
    if options.record:
        sitting.keep({"two-workers-by-one": [figure]})
    return 0


def told(found: list[float], cpus: Collection[int]) -> Figure:
    """The figure; of too few CPUs without a value, as it says nothing about workers."""
    if len(cpus) >= CPUS:
        return over("requests per second", found)
    few = over(f"requests per second, a test of function: on {len(cpus)} of the {CPUS} CPUs that it takes", found)
    return replace(few, value=None)


def ratios(pairs: int, blocks: int = 4, rounds: int = 8) -> list[float]:
    """The rate of two workers by that of one, for each pair of runs."""
    found = []
    cpus = sorted(os.sched_getaffinity(0))
    with TemporaryDirectory() as folder, serving(Path(folder), cpus[:PROCESSES]) as address:
        bench = Path(folder) / "hosts.toml"
        bench.write_text(BENCH.format(address=address, blocks=blocks, rounds=rounds))
        for pair in range(pairs):
            order = (2, 1) if pair % 2 else (1, 2)
            rates = {workers: rate(bench, workers, cpus[PROCESSES:] or cpus) for workers in order}
            found.append(rates[2] / rates[1])
            print(f"{rates[2]:,.0f} by {rates[1]:,.0f} a second: {found[-1]:.3f}", flush=True)
    return found


@contextmanager
def serving(folder: Path, cpus: Collection[int]) -> Iterator[str]:
    """The bare C server; its address."""
    program = built(folder, "bare", f"-DPROCESSES={PROCESSES}").command
    with running_on(cpus):
        server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[1]
    finally:
        server.kill()
        server.wait()


def rate(bench: Path, workers: int, cpus: list[int]) -> float:
    """What so many workers get out of the server, in requests per second, in a run of their own."""
    results = bench.parent / f"results-{workers}"
    command = [sys.executable, "run_bench.py", "--bench", str(bench), "--strategies", "bare", "--profile", "hosts",
               "--workers", str(workers), "--from-hosts", str(workers), "--listen", "127.0.0.1",
               "--no-charts", "--results", str(results)]  # fmt: skip
    with ExitStack() as stack:
        run = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        stack.callback(run.kill)
        assert run.stdout is not None
        for line in run.stdout:
            if found := COMMAND.search(line):
                for number in range(workers):
                    with running_on([cpus[number % len(cpus)]]):
                        worker = subprocess.Popen([sys.executable, *shlex.split(found[1])], cwd=ROOT)
                    stack.callback(worker.wait)
                    stack.callback(worker.kill)
                break
        for _ in run.stdout:
            pass
        if run.wait(LIMIT_S):
            raise subprocess.CalledProcessError(run.returncode, "run_bench.py")
    cells = pd.read_csv(results / "latest" / "cells.csv", index_col="strategy")
    return float(cells["throughput_rps"].loc["bare"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
