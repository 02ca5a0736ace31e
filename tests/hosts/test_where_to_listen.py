"""Addresses and ports that nobody can listen at, of servers and of a run: each a line with its own remedy."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bench import SETTINGS, Bench
from tests.support.namespaces import Host, Network
from tests.support.project import STRATEGIES, command

SERVERS = ("epoll", "asyncio", "twisted", "threading", "prefork-reuseport", "http-server")
NO_ADDRESS = "name one that `ip address` lists"
NOT_ALLOWED = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")


@pytest.fixture(scope="module")
def host(network: Callable[..., Network]) -> Host:
    return network("here")["here"]


def said_by(host: Host, name: str, *options: str, prefix: tuple[str, ...] = ()) -> str:
    """The line of a server that can't start."""
    ended = host.run(*prefix, *command(STRATEGIES[name], *options))
    if "install it with" in ended.stderr:
        pytest.skip(ended.stderr)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_names_the_remedy(host: Host, name: str) -> None:
    options = ("--service", STRATEGIES[name].services[0])
    none = said_by(host, name, *options, "--host", "192.0.2.9", "--port", "9003")
    assert f"192.0.2.9:9003: Cannot assign requested address; --host: no address of this machine; {NO_ADDRESS}" in none
    low = said_by(host, name, *options, "--host", "192.0.2.1", "--port", "80", prefix=NOT_ALLOWED)
    assert "192.0.2.1:80: Permission denied; that port is the administrator's; name a --port from 1024 on" in low
    unknown = said_by(host, name, *options, "--host", "nowhere.invalid", "--port", "0")
    assert "; --host: no such host; name an IPv4 address of this machine" in unknown


@pytest.mark.parametrize("name", SERVERS)
def test_a_port_that_is_taken_is_another_port_s_matter(host: Host, name: str) -> None:
    holder = host.start(*command(STRATEGIES["epoll"], "--host", host.address), stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    port = holder.stdout.readline().strip().rpartition(":")[2]  # READY HOST:PORT
    said = said_by(host, name, "--service", STRATEGIES[name].services[0], "--host", host.address, "--port", port)
    assert f"{host.address}:{port}: Address already in use; try another --port" in said


@pytest.mark.parametrize(
    ("listen", "says"),
    [
        ("192.0.2.9", f"that is no address of this machine; {NO_ADDRESS}"),
        ("192.0.2.1:80", "that port is the administrator's; name one from 1024 on"),
    ],
)
def test_a_run_names_the_remedy(host: Host, tmp_path: Path, listen: str, says: str) -> None:
    options = ("--strategies", "epoll", "--profile", "tiny", "--from-hosts", "1", "--listen", listen)
    bench = Bench(tmp_path, {}, *options, settings=SETTINGS, host=Restricted(host))
    try:
        assert bench.ended(60) == 2, bench.output
        last = bench.output.splitlines()[-1]
        assert last.startswith(f"run_bench.py: --listen {listen}")
        assert last.endswith(f": {says}")
    finally:
        bench.close()


class Restricted(Host):
    """The host, to one who isn't its administrator."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def command(self, *words: object) -> list[str]:
        return self._host.command(*NOT_ALLOWED, *words)
