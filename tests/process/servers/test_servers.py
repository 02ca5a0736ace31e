"""What a client's socket can't see of some servers: how they start and stop. Of all: tests/conformance."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from harness.config import read
from harness.conformance import cases, greet
from harness.conformance.client import Target
from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command
from tests.support.served import clients, read_from, run, talk, talk_at_last, tree

Start = Callable[..., Server]


# --- starting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [["--port", "65536"], ["--port", "http"], ["--backlog", "0"], ["--recv-size", "-1"], ["--gizmo"]],
)
def test_bad_arguments_are_refused_with_2(options: list[str]) -> None:
    ended = run(STRATEGIES["epoll"], *options)
    assert ended.returncode == 2
    assert options[0] in ended.stderr
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
    assert process.communicate(timeout=60)[0] == b""
    assert process.returncode == 0


# --- what they take up -------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("case", ["half-close", "never-reads", "never-crossed"])
@pytest.mark.parametrize("name", ["blocking", "epoll", "twisted-line", "asyncio-buffered", "io_uring", "tornado"])
def test_small_reads(name: str, case: str, start: Start) -> None:
    """Messages arrive in bits of 100 bytes."""
    server = start(STRATEGIES[name], recv_size=100)
    target = Target(server.endpoint, STRATEGIES[name].serves)
    next(each for each in cases.of_service("echo", server.endpoint) if each.name == case).run(target)


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


def refused(sock: socket.socket) -> bool:
    """Whether the server closed it instead of answering."""
    try:
        sock.sendall(b"?\r\n")
        return sock.recv(100) != b"?\r\n"
    except ConnectionError:
        return True


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """2,500 descriptors, for us and for the servers that we start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2500:
        pytest.skip(f"needs 2,500 descriptors, and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
