"""The networks that tests make: hosts that hear each other and nobody else, and of which nothing is left."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest

from tests.support.namespaces import APART_S, Host, Network, has_clocks, namespaces, owned, sweep
from tests.support.project import ROOT

ECHO = """
import socket, sys, threading
def serve(sock):
    while data := sock.recv(65536):
        sock.sendall(data)
with socket.create_server((sys.argv[1], 9000)) as listener:
    print("READY", flush=True)
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
ASK = """
import os, socket, sys, time
began, data, back = time.monotonic(), os.urandom(int(sys.argv[2])), b""
with socket.create_connection((sys.argv[1], 9000), timeout=float(sys.argv[3])) as sock:
    connected = time.monotonic()
    for at in range(0, len(data), 65536):
        sock.sendall(data[at : at + 65536])
        while len(back) < min(len(data), at + 65536):
            back += sock.recv(65536)
    told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    print(connected - began, time.monotonic() - connected, int.from_bytes(told[68:72], sys.byteorder) / 1e6)
assert back == data
"""
DATAGRAMS = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind((sys.argv[1], 9000))
    print("READY", flush=True)
    while True:
        sock.sendto(*sock.recvfrom(64))
"""
SEND = """
import contextlib, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(TimeoutError):
    sock.settimeout(1)
    sock.connect((sys.argv[1], 9000))
    came = set()
    for number in range(200):
        sock.send(b"%d" % number)
    while len(came) < 200:
        came.add(sock.recv(64))
print(len(came))
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("READY", flush=True)
time.sleep(600)
"""
LEAVING = """
import subprocess, sys
from tests.support.namespaces import Network
hosts = Network("one", "two").__enter__()
stubborn = hosts["one"].start(sys.executable, "-c", sys.argv[1], stdout=subprocess.PIPE)
stubborn.stdout.readline()
print(stubborn.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    """Each has a server; `far` is 20 ms away."""
    made = network("near", "far", "cut")
    made["far"].move_away(0.02)
    for name in ("near", "far", "cut"):
        serve(made[name], ECHO)
    return made


def serve(host: Host, program: str, *words: str) -> subprocess.Popen[str]:
    process = host.start(sys.executable, "-c", program, *words or [host.address], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    return process


def ask(host: Host, other: Host, size: int = 64, patience_s: float = 20.0) -> list[float]:
    """Seconds until it is connected, until all is back, and that the kernel takes the round trip for."""
    done = host.run(sys.executable, "-c", ASK, other.address, size, patience_s)
    if "TimeoutError" in done.stderr:
        raise TimeoutError
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def test_hosts_hear_each_other(hosts: Network) -> None:
    ask(hosts["cut"], hosts["near"], size=2**20)
    ask(hosts["near"], hosts["cut"])
    ask(hosts["near"], hosts["near"])


def test_nothing_leads_out(hosts: Network) -> None:
    routes = hosts["near"].run("ip", "route").stdout.splitlines()
    assert [route.split()[0] for route in routes] == ["192.0.2.0/24"]
    assert len(hosts["near"].run("ip", "-brief", "link").stdout.splitlines()) == 2  # its cable's end, and loopback


def test_each_has_a_name_and_a_clock_of_its_own(hosts: Network) -> None:
    program = "import socket, time; print(socket.gethostname(), time.monotonic())"
    near, far = (hosts[name].run(sys.executable, "-c", program).stdout.split() for name in ("near", "far"))
    assert (near[0], far[0]) == ("near", "far")
    if not has_clocks():
        pytest.skip("no clocks of their own before Linux 6.1")
    assert APART_S <= float(far[1]) - float(near[1]) < APART_S + 60


def test_a_host_that_is_far_away_answers_late(hosts: Network) -> None:
    """Handshake, answer and acknowledgement go all the way and back."""
    assert min(ask(hosts["near"], hosts["far"])) >= 0.04
    assert min(ask(hosts["far"], hosts["near"])) >= 0.04


def test_what_goes_a_long_way_arrives_whole(hosts: Network) -> None:
    ask(hosts["near"], hosts["far"], size=2**20)


def test_nobody_hears_a_host_that_is_cut_off_until_it_is_restored(hosts: Network) -> None:
    ask(hosts["near"], hosts["cut"])
    hosts["cut"].cut_off()
    with pytest.raises(TimeoutError):
        ask(hosts["near"], hosts["cut"], patience_s=0.5)
    hosts["cut"].restore()
    ask(hosts["near"], hosts["cut"])


def test_a_share_is_lost(network: Callable[..., Network]) -> None:
    hosts = network("one", "lossy")
    serve(hosts["lossy"], DATAGRAMS)
    whole = hosts["one"].run(sys.executable, "-c", SEND, hosts["lossy"].address)
    hosts["lossy"].move_away(0.0, loss=0.3)
    part = hosts["one"].run(sys.executable, "-c", SEND, hosts["lossy"].address)
    assert int(whole.stdout) == 200
    assert 20 < int(part.stdout) < 180  # 98 on average


def test_nothing_is_left_after_an_exception(network: Callable[..., Network]) -> None:
    network("there")
    ours = [name for name in namespaces() if name.startswith(owned(os.getpid()))]
    stubborn = []

    def breaking() -> None:
        with Network("one", "two") as hosts:
            stubborn.append(serve(hosts["one"], STUBBORN))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaking()
    assert stubborn[0].returncode == -signal.SIGKILL
    assert [name for name in namespaces() if name.startswith(owned(os.getpid()))] == ours


def test_what_a_killed_test_left_is_removed_before_the_next_network(network: Callable[..., Network]) -> None:
    living = network("there")
    command = [sys.executable, "-c", LEAVING, STUBBORN]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        stubborn = psutil.Process(int(killed.stdout.readline()))
        mark = owned(killed.pid)
        sweep()
        assert len([name for name in namespaces() if name.startswith(mark)]) == 3  # it lives
        killed.kill()
    with Network("next"):
        assert not [name for name in namespaces() if name.startswith(mark)]
    assert not stubborn.is_running() or stubborn.status() == psutil.STATUS_ZOMBIE
    assert living["there"].run("ip", "address").returncode == 0


@pytest.mark.parametrize(
    ("lacks", "told"),
    [("os.seteuid(65534)", "not root"), ("os.environ.update(PATH='/nowhere')", "no command ip (package iproute2)")],
)
def test_where_there_can_be_no_network_it_says_why(lacks: str, told: str) -> None:
    program = f"import os; from tests.support.namespaces import Network; {lacks}; Network('one').__enter__()"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == f"tests.support.namespaces.NoNetwork: {told}"
