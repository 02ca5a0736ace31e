"""Servers that run already on a host of the tests, as a bench file attaches them."""

import subprocess
from collections.abc import Iterable

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
