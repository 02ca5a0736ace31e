"""Servers and runs on other hosts that can't be met: each a line that names the host and the remedy, and no more.

A packet that is filtered is one that nobody answers: here it goes to a station that isn't there.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bench import SETTINGS, Bench
from tests.support.namespaces import Host, Network

FILTERED, NOBODY, BEYOND = "192.0.2.77", "192.0.2.78", "203.0.113.1"
OTHER_SERVICE = """
import http.server, sys
server = http.server.ThreadingHTTPServer((sys.argv[1], 0), http.server.SimpleHTTPRequestHandler)
print("READY", server.server_port, flush=True)
server.serve_forever()
"""
MUTE = """
import socket, sys, time
listener = socket.create_server((sys.argv[1], 0))
print("READY", listener.getsockname()[1], flush=True)
time.sleep(600)
"""
CLOSED = "1"  # a port


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    made = network("here", "there")
    lost = ("ip", "neighbour", "replace", FILTERED, "lladdr", "02:00:00:00:00:01", "nud", "permanent", "dev", "eth0")
    assert made["here"].run(*lost).returncode == 0
    return made


def port_of(host: Host, program: str) -> str:
    server = host.start(
        sys.executable, "-c", program, host.address, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert server.stdout is not None
    return str(server.stdout.readline().split()[1])


@pytest.fixture(scope="module")
def ports(hosts: Network) -> dict[str, str]:
    """Of another service, and of one that takes connects and says nothing."""
    return {"other": port_of(hosts["there"], OTHER_SERVICE), "mute": port_of(hosts["there"], MUTE)}


@pytest.mark.parametrize(
    ("where", "says", "remedy"),
    [
        (f"192.0.2.2:{CLOSED}", "connection refused", "start the server there, or correct the port"),
        (f"{FILTERED}:9001", "no word within 3 s; there is no such host, or something filters", "let it through"),
        (f"{NOBODY}:9001", "", "correct the address"),  # no word, or no way, whichever is known first
        (f"{BEYOND}:9001", "network is unreachable", "see to the network, or correct the address"),
        ("192.0.2.2:other", "doesn't serve echo", "attach one that does"),
        ("192.0.2.2:mute", "doesn't serve echo", "attach one that does"),
    ],
)
def test_an_attached_server(
    hosts: Network, ports: dict[str, str], tmp_path: Path, where: str, says: str, remedy: str
) -> None:
    host, _, port = where.partition(":")
    address = f"{host}:{ports.get(port, port)}"
    settings = SETTINGS + f'web = {{ attach = "{address}" }}\n'
    bench = Bench(tmp_path, {}, "--strategies", "web,epoll", "--profile", "tiny", "--allow-remote",
                  settings=settings, host=hosts["here"])  # fmt: skip
    try:
        assert bench.ended(120) == 2, bench.output
        (line,) = (line for line in bench.output.splitlines() if line.startswith("run_bench.py: "))
        assert line == bench.output.splitlines()[-1]
        assert line.startswith(f"run_bench.py: {tmp_path / 'mine.toml'}: strategies.web.attach: ")
        assert f"answers at {address}" in line
        assert says in line
        assert remedy in line
        assert not bench.folder.exists()  # nothing has begun
        assert bench.nothing_left()
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("where", "says"),
    [
        (f"192.0.2.2:{CLOSED}", "can't be reached (Connection refused); see that the run waits"),
        (f"{FILTERED}:5557", "doesn't answer: no such host is up, or the port is filtered on the way; open it there"),
        (f"{BEYOND}:5557", "can't be reached (Network is unreachable); see that the run waits"),
        ("192.0.2.2:other", "takes connections, and isn't a run that waits for workers; copy the line"),
        ("192.0.2.2:mute", "takes connections, and isn't a run that waits for workers; copy the line"),
    ],
)
def test_a_run_that_a_worker_is_to_join(hosts: Network, ports: dict[str, str], where: str, says: str) -> None:
    host, _, port = where.partition(":")
    master = f"{host}:{ports.get(port, port)}"
    worker = hosts["here"].run(
        sys.executable, "-m", "loadgen.worker", "--master", master, "--token", "word", within_s=60.0
    )
    assert worker.returncode == 2
    assert worker.stdout == ""
    assert worker.stderr.count("\n") == 1
    assert worker.stderr.startswith(f"loadgen.worker: --master {master}: {says}")


def test_an_address_of_the_run_s_own_host_wants_no_permission(hosts: Network, tmp_path: Path) -> None:
    """It is no other machine's, though it is on a network."""
    server = hosts["here"].start(
        sys.executable, "-m", "servers.readiness.epoll_loop", "--host", "192.0.2.1", "--port", "0",
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    address = server.stdout.readline().split()[1]
    ends = '[profiles.ends]\nblocks = 2\nrounds = 1\nmatrix = [{ service = ["echo"], clients = [3], '
    ends += "requests_per_connection = [1] }]\n[strategies]\n"
    settings = SETTINGS.replace("[strategies]\n", ends) + f'web = {{ attach = "{address}" }}\n'
    bench = Bench(tmp_path, {}, "--strategies", "web", "--profile", "ends", settings=settings, host=hosts["here"])
    try:
        assert bench.ended() == 0, bench.output
        cell = bench.cells()["web"]
        assert (cell["status"], cell["errors"], cell["attached"]) == ("ok", "0", address)
        assert (cell["server_cpus"], cell["recv_size"]) == ("", "")
        assert bench.described["server_cpus"] == []
    finally:
        bench.close()
