"""Servers that run already on a host of the tests, as a bench file attaches them."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable

from tests.support.bench import Bench
from tests.support.namespaces import Host
from tests.support.project import STRATEGIES, command


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
