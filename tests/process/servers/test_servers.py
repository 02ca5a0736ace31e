"""What a client's socket can't see of the servers: how they start and stop, and what they take up."""

import contextlib
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import psutil
import pytest

from harness.config import Strategy, read
from harness.conformance import cases, client, greet
from harness.conformance.client import Target
from harness.processes.server import CANNOT_START, Server
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

OFFERED = 256 * 2**20  # bytes, to servers whose replies nobody reads
GROWTH = 64 * 2**20  # bytes that they may grow by meanwhile


# --- starting ----------------------------------------------------------------------------------------------


def test_bad_service_is_refused_with_2(strategy: Strategy) -> None:
    ended = run_here(strategy, "--service", "ecko")
    assert ended.returncode == 2
    assert "invalid choice: 'ecko'" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    "options",
    [["--port", "65536"], ["--port", "http"], ["--backlog", "0"], ["--recv-size", "-1"], ["--gizmo"]],
)
def test_bad_arguments_are_refused_with_2(options: list[str]) -> None:
    ended = run(STRATEGIES["epoll"], *options)
    assert ended.returncode == 2
    assert options[0] in ended.stderr
    assert ended.stdout == ""


def test_help_says_what_the_strategy_is(strategy: Strategy) -> None:
    ended = run_here(strategy, "--help")
    assert ended.returncode == 0
    assert "Mechanism:" in ended.stdout
    assert "127.0.0.1" in ended.stdout
    if strategy.listing:
        assert f"Listing {strategy.listing}:" in ended.stdout


def test_taken_port_is_told_with_3(strategy: Strategy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_here(strategy, "--port", str(port))
    assert ended.returncode == 3
    assert len(ended.stderr.splitlines()) == 1
    assert f"127.0.0.1:{port}: Address already in use" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("twisted", "twisted"),
        ("twisted-line", "twisted"),
        ("twisted-uvloop", "uvloop"),
        ("uvloop", "uvloop"),
        ("rloop-sockets", "rloop"),
        ("gevent", "gevent"),
        ("eventlet", "eventlet"),
        ("trio", "trio"),
        ("anyio-asyncio", "anyio"),
        ("anyio-trio", "trio"),
        ("tornado", "tornado"),
        ("io_uring", "liburing"),
        ("twisted-defer", "twisted"),
        ("gevent-threadpool", "gevent"),
        ("trio-to-thread", "trio"),
        ("anyio-to-thread", "anyio"),
    ],
)
def test_missing_library_is_told_with_3(name: str, library: str, tmp_path: Path) -> None:
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError('No module named {library}')")
    ended = run(STRATEGIES[name], "--port", "0", env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert ended.returncode == 3
    assert len(ended.stderr.splitlines()) == 1
    assert f"pip install {library}" in ended.stderr
    assert ended.stdout == ""


# --- stopping ----------------------------------------------------------------------------------------------


def test_stops_in_the_midst_of_clients(strategy: Strategy, start: Start) -> None:
    server = start(strategy)
    with clients(server, 20) as connected:
        for sock in connected[: strategy.serves]:
            talk(sock)
        started = time.monotonic()
        assert server.stop().problems == []
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("name", ["epoll", "forking", "twisted", "asyncio", "uvloop", "gevent"])
def test_stops_at_ctrl_c(name: str, start: Start) -> None:
    server = start(STRATEGIES[name])
    with clients(server, 1) as (sock,):
        talk(sock)
        os.killpg(server.pid, signal.SIGINT)  # a terminal's Ctrl-C reaches the children too
        assert sock.recv(1) == b""
        ended = server.stop()
    assert (ended.exit_code, ended.killed, ended.leftovers) == (0, False, 0)


def test_forked_children_die_with_a_parent_that_is_told_to_stop(start: Start) -> None:
    server = start(STRATEGIES["forking"])
    with clients(server, 50) as connected:
        for sock in connected:
            talk(sock)
        assert len(tree(server)) == 51
        assert server.stop().leftovers == 0


def test_port_is_free_again_at_once(start: Start) -> None:
    server = start(STRATEGIES["epoll"], "greet")  # the server closes first: TIME_WAIT is on its side
    with clients(server, 1) as (sock,):
        assert sock.recv(100) == greet.GREETING
    server.stop()
    process = subprocess.Popen(
        command(STRATEGIES["epoll"], "--port", str(server.endpoint.port)), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"READY 127.0.0.1:%d\n" % server.endpoint.port
    process.terminate()
    assert process.communicate(timeout=5)[0] == b""
    assert process.returncode == 0


# --- what they take up -------------------------------------------------------------------------------------


def test_memory_is_bounded_though_nobody_reads(strategy: Strategy, start: Start) -> None:
    assert growth_under_flood(start(strategy), strategy.serves) < GROWTH


def test_flood_finds_a_server_that_buffers_without_bound(start: Start) -> None:
    greedy = Strategy(
        command="{python} tests/support/misbehaving/nonconforming.py BuffersWithoutBound", name="greedy", cwd=ROOT
    )
    assert growth_under_flood(start(greedy)) > GROWTH


def growth_under_flood(server: Server, serves: int | None = None) -> int:
    """Bytes by which the server's processes grow while 8 clients offer 32 MiB each and read nothing."""
    crowd = 8  # few, as the kernel holds some 6 MiB of each
    block = (b"x" * 4094 + b"\r\n") * 64
    with clients(server, crowd) as connected:
        for sock in connected[:serves]:
            talk(sock)
        before = memory(server)
        by_descriptor = {sock.fileno(): sock for sock in connected}
        left = dict.fromkeys(by_descriptor, OFFERED // crowd)
        poller = select.poll()
        for fd, sock in by_descriptor.items():
            sock.setblocking(False)
            poller.register(fd, select.POLLOUT)
        while any(left.values()) and (ready := poller.poll(client.STALL_S * 1000)):
            for fd, _ in ready:
                left[fd] -= by_descriptor[fd].send(block[: left[fd]])
                if not left[fd]:
                    poller.unregister(fd)
        return memory(server) - before


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("name", ["select", "asyncio-select", "twisted-select"])
def test_select_refuses_what_it_cannot_watch(name: str, start: Start, tmp_path: Path) -> None:
    server = start(STRATEGIES[name], backlog=2000)
    with contextlib.ExitStack() as stack:
        connected = [stack.enter_context(socket.create_connection(server.address, 10)) for _ in range(1100)]
        served = [sock for sock in connected if not refused(sock)]
        assert 1000 <= len(served) < 1024
        for sock in served[::100]:
            talk(sock)
        said = (tmp_path / f"{name}.err").read_text().splitlines()
        assert len(said) <= 10
        assert said or name == "twisted-select"  # Twisted closes them by itself, without a word
        assert all("past FD_SETSIZE (1024)" in line for line in said)
        served[0].close()
        talk_at_last(server)


def test_full_descriptor_table_is_survived(strategy: Strategy, start: Start, tmp_path: Path) -> None:
    """EMFILE at accept: no spinning, few words, and service again once descriptors are free."""
    server = start(strategy)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (40, 40))
    with clients(server, 60):
        before = cpu(server)
        time.sleep(0.3)  # what is tested is what it burns in this time
        assert cpu(server) - before < 0.2
    server.raise_if_dead()
    talk_at_last(server)
    assert len((tmp_path / f"{strategy.name}.err").read_text().splitlines()) < 100


@pytest.mark.parametrize("case", ["half-close", "never-reads", "never-crossed"])
@pytest.mark.parametrize("name", ["blocking", "epoll", "twisted-line", "asyncio-buffered", "io_uring", "tornado"])
def test_small_reads(name: str, case: str, start: Start) -> None:
    """Messages arrive in bits of 100 bytes."""
    server = start(STRATEGIES[name], recv_size=100)
    target = Target(server.endpoint, STRATEGIES[name].serves)
    next(each for each in cases.of_service("echo") if each.name == case).run(target)


def test_line_past_the_limit_keeps_its_delimiter(start: Start) -> None:
    """LineReceiver's pieces of a long line: a CR at the end of one may be half a delimiter, so it waits."""
    server = start(STRATEGIES["twisted-line"])
    head = b"x" * (2**20 + 1)
    with clients(server, 1) as (sock,):
        sock.sendall(head + b"\r")
        assert read_from(sock, len(head)) == head
        sock.sendall(b"\nanother line\r\n")
        assert read_from(sock, 16) == b"\r\nanother line\r\n"


# --- the documentation -----------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.parametrize("ready", ["line", "connect"])
def test_the_example_in_another_language_conforms(
    ready: Literal["line", "connect"], tmp_path: Path, start: Start
) -> None:
    text = (ROOT / "docs" / "strategies.md").read_text()
    for name, language in (("mine.js", "js"), ("mine.toml", "toml")):
        found = re.search(rf"^```{language}\n(.*?)```", text, re.DOTALL | re.MULTILINE)
        assert found is not None
        (tmp_path / name).write_text(found[1])
    mine = read(ROOT / "bench.toml", tmp_path / "mine.toml").strategies["mine"]
    server = start(mine.model_copy(update={"ready": ready}))
    assert cases.failures(Target(server.endpoint), "echo") == []
    assert server.stop().problems == []


# --- helpers -----------------------------------------------------------------------------------------------


def run(strategy: Strategy, *options: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(strategy, *options),
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


def run_here(strategy: Strategy, *options: str) -> "subprocess.CompletedProcess[str]":
    """The same, of a strategy that may be unable to start here, whatever its options."""
    ended = run(strategy, *options)
    if ended.returncode == CANNOT_START and "Address already in use" not in ended.stderr:
        pytest.skip(ended.stderr)
    return ended


@contextlib.contextmanager
def clients(server: Server, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(server.address, 10)) for _ in range(count)]


def talk(sock: socket.socket) -> None:
    """One message there and back."""
    message = b"a message\r\n"
    sock.sendall(message)
    assert read_from(sock, len(message)) == message


def read_from(sock: socket.socket, size: int) -> bytes:
    """That many bytes, or fewer if the server closes before."""
    received = bytearray()
    while len(received) < size and (data := sock.recv(size - len(received))):
        received += data
    return bytes(received)


def talk_at_last(server: Server) -> None:
    """A new client is served as soon as the server has seen that others left; until then it may be refused."""
    deadline = time.monotonic() + 5
    while True:
        try:
            with clients(server, 1) as (sock,):
                return talk(sock)
        except (ConnectionError, AssertionError):
            if time.monotonic() > deadline:
                raise


def refused(sock: socket.socket) -> bool:
    """Whether the server closed it instead of answering."""
    try:
        sock.sendall(b"?\r\n")
        return sock.recv(100) != b"?\r\n"
    except ConnectionError:
        return True


def tree(server: Server) -> list[psutil.Process]:
    process = psutil.Process(server.pid)
    return [process, *process.children(recursive=True)]


def memory(server: Server) -> int:
    return sum(process.memory_info().rss for process in tree(server))


def cpu(server: Server) -> float:
    """Seconds of CPU time of the server's own process, in user and kernel mode."""
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """2,500 descriptors, for us and for the servers that we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2500:
        pytest.skip(f"needs 2,500 descriptors, and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
