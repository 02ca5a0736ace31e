"""Runs over several hosts of the tests: workers that come from there, and servers that run there already."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.support.bench import Bench
from tests.support.namespaces import Host, Network
from tests.support.project import STRATEGIES, command

FROM = ("--workers", "2", "--from-hosts", "2", "--listen", "192.0.2.1")  # the first host's address
PATIENT = """lengths = [{ clients = 1000, head_s = 0.2, counted_s = 0.2 }]  # a worker late by less loses no window
counted_limit_s = 0.2
"""
Start = Callable[..., Bench]


@contextmanager
def starting(folder: Path, network: Network, workers: Iterable[str] = (), **usual: Any) -> Iterator[Start]:
    """start(*options): a run on the network's host `bench`; nothing is left of those that were, afterwards.

    One whose options ask for workers has one on each of these hosts.
    """
    with ExitStack() as stack:

        def start(*options: str, **how: Any) -> Bench:
            bench = Bench(folder, {}, *options, host=network["bench"], **usual | how)
            stack.callback(bench.close)
            for name in workers if "--from-hosts" in options else ():
                worker(network[name], bench)
            return bench

        yield start


def serving(host: Host, names: Iterable[str]) -> dict[str, str]:
    """A server of each of these strategies there, which ends with the network; HOST:PORT by name."""
    found = {}
    for name in names:
        server = host.start(*command(STRATEGIES[name], "--host", host.address), stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        found[name] = server.stdout.readline().split()[1]  # READY HOST:PORT
    return found


def attached(addresses: dict[str, str]) -> str:
    """Their lines of a bench file."""
    return "".join(f'{name} = {{ attach = "{address}" }}\n' for name, address in addresses.items())


def worker(host: Host, bench: Bench) -> subprocess.Popen[bytes]:
    """A worker there, by the command that the run says."""
    said = re.compile(r"python (-m loadgen\.worker [^\n\"]*)")
    bench.wait(lambda: said.search(bench.output) is not None or bench.process.poll() is not None)
    words = said.search(bench.output)
    assert words is not None, bench.output
    return host.start(sys.executable, *shlex.split(words[1]), env=bench.env)
