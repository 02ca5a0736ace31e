"""Several loops at the same time: who gets which connection, and that parent and workers end together."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.processes import sockets
from harness.processes.server import Server, ServerFailed
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

WORKERS = 4  # as bench.toml has it
FORKED = ["prefork", "prefork-reuseport", "hand-over"]
THREADED = ["thread-loops", "thread-loops-reuseport"]
ALL = [*FORKED, *THREADED]
DEADLINE_S = 60
LINE = b"a message\r\n"


def talk(sock: socket.socket) -> None:
    sock.sendall(LINE)
    received = b""
    while len(received) < len(LINE) and (data := sock.recv(100)):
        received += data
    assert received == LINE


@contextlib.contextmanager
def clients(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Clients that have been answered."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_connection(server.address, DEADLINE_S)) for _ in range(count)]
        for sock in found:
            talk(sock)
        yield found


def workers(server: Server) -> list[psutil.Process]:
    """Once all are there."""
    deadline = time.monotonic() + DEADLINE_S
    while len(found := psutil.Process(server.pid).children()) < WORKERS and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(found) == WORKERS
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whoever inherits an orphan may take its time to hear of its end."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def death(server: Server) -> str:
    """How it ended, within the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    try:
        while time.monotonic() < deadline:
            server.raise_if_dead()
            time.sleep(0.005)
    except ServerFailed as failure:
        return str(failure)
    return "it lives"


def served(pid: int) -> int:
    """How many clients a process serves."""
    return sum(one.status == psutil.CONN_ESTABLISHED for one in psutil.Process(pid).net_connections("tcp"))


def listening(server: Server) -> int:
    return len(sockets.serving(server.endpoint))


@pytest.mark.parametrize("name", ["prefork-reuseport", "thread-loops-reuseport"])
def test_listeners_share_a_port_and_the_kernel_divides_the_clients(name: str, start: Start) -> None:
    server = start(STRATEGIES[name])
    assert listening(server) == WORKERS
    assert server.queue(sockets.backlogs()) == WORKERS * 1024
    with clients(server, 60):
        if name == "prefork-reuseport":
            by_worker = [served(one.pid) for one in workers(server)]
            assert sum(by_worker) == 60
            assert sum(many > 0 for many in by_worker) > 1  # all at one: once in 4 to the 59th
    assert server.stop().problems == []


@pytest.mark.parametrize("name", ["prefork", "hand-over", "thread-loops"])
def test_the_others_have_one_listener(name: str, start: Start) -> None:
    assert listening(start(STRATEGIES[name])) == 1


def test_each_worker_is_handed_as_many_and_the_parent_keeps_none(start: Start) -> None:
    server = start(STRATEGIES["hand-over"])
    with clients(server, 3 * WORKERS):
        assert Counter(served(one.pid) for one in workers(server)) == {3: WORKERS}
        deadline = time.monotonic() + DEADLINE_S
        while served(server.pid):  # the last one may be answered before the parent lets go of it
            assert time.monotonic() < deadline


def test_a_worker_without_descriptors_to_be_had_loses_clients_and_goes_on(start: Start, tmp_path: Path) -> None:
    server = start(STRATEGIES["hand-over"])
    for worker in workers(server):
        resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (20, 20))
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection(server.address, DEADLINE_S)) for _ in range(120)]
        with contextlib.suppress(ConnectionError):
            assert crowd[-1].recv(1) == b""  # it was refused
        talk(crowd[0])
        for sock in crowd:
            sock.close()
    deadline = time.monotonic() + DEADLINE_S
    while any(served(one.pid) for one in workers(server)) and time.monotonic() < deadline:
        time.sleep(0.005)
    with clients(server, WORKERS):
        pass
    assert "Too many open files" in (tmp_path / "hand-over.err").read_text()


@pytest.mark.parametrize("name", THREADED)
def test_each_loop_has_a_thread(name: str, start: Start) -> None:
    server = start(STRATEGIES[name])
    with clients(server, 20):
        assert psutil.Process(server.pid).num_threads() == WORKERS + 1  # and the one that hears signals
        assert psutil.Process(server.pid).children() == []


@pytest.mark.parametrize("name", FORKED)
def test_a_worker_that_ends_by_itself_ends_the_server_and_is_told(name: str, start: Start, tmp_path: Path) -> None:
    server = start(STRATEGIES[name])
    there = workers(server)
    there[1].kill()
    assert psutil.wait_procs(there, timeout=DEADLINE_S)[1] == []
    assert "was killed by SIGKILL by itself" in death(server)
    assert (tmp_path / f"{name}.err").read_text() == f"worker {there[1].pid} was killed by SIGKILL by itself\n"
    ended = server.stop()
    assert (ended.exit_code, ended.leftovers) == (1, 0)


@pytest.mark.parametrize("name", FORKED)
def test_no_worker_outlives_its_parent(name: str, start: Start) -> None:
    server = start(STRATEGIES[name])
    with clients(server, 8):
        there = workers(server)
        os.kill(server.pid, signal.SIGKILL)
        deadline = time.monotonic() + DEADLINE_S
        while not all(map(has_ended, there)) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert all(map(has_ended, there))


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", ALL)
def test_all_end_when_the_parent_or_the_terminal_is_told(name: str, stop_signal: signal.Signals, start: Start) -> None:
    server = start(STRATEGIES[name])
    with clients(server, 8):
        if stop_signal == signal.SIGINT:
            os.killpg(server.pid, stop_signal)
        else:
            os.kill(server.pid, stop_signal)
        assert death(server) == "exited with 0"
        assert server.stop().leftovers == 0


def test_a_port_that_others_share_is_taken_all_the_same(start: Start) -> None:
    """Though the kernel would let the same user's listeners join."""
    server = start(STRATEGIES["prefork-reuseport"])
    words = command(STRATEGIES["thread-loops-reuseport"], "--port", str(server.endpoint.port))
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "Address already in use" in ended.stderr
    assert listening(server) == WORKERS


# Its loop breaks where another's would run.
BREAKING = """
import argparse, socket, sys
from servers.contract import Options
from servers.services import SERVICES
from servers.workers import {module}
class Loop:
    def __init__(self, *given): pass
    def run(self): raise RuntimeError("it broke")
{module}.Loop = Loop
with socket.create_server(("127.0.0.1", 0)) as listener:
    own = argparse.Namespace(workers=2, tells=False)
    {module}.serve(listener, Options(SERVICES["echo"], "127.0.0.1", 0, 1, 1, own))
"""


@pytest.mark.parametrize("name", ALL)
def test_a_loop_that_breaks_ends_the_server_and_is_told(name: str) -> None:
    program = BREAKING.format(module=name.replace("-", "_"))
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert ended.returncode == 1
    assert "RuntimeError: it broke" in ended.stderr
    assert (ended.stderr.splitlines()[-1].endswith(" exited with 1 by itself")) == (name in FORKED)


BAD = [*((name, many) for name in ALL for many in ("0", "1000000")), ("prefork", "-1"), ("prefork", "all")]


@pytest.mark.parametrize(("name", "many"), BAD)
def test_a_number_of_workers_that_makes_no_sense_is_refused_with_2(name: str, many: str) -> None:
    words = command(STRATEGIES[name], "--workers", many)
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "--workers" in ended.stderr


@pytest.mark.parametrize("name", FORKED)
def test_a_parent_that_is_told_to_stop_again_and_again_ends_as_if_once(name: str, start: Start, tmp_path: Path) -> None:
    """It is in the midst of ending its workers when the next signal comes."""
    for _ in range(5):
        server = start(STRATEGIES[name])
        with contextlib.suppress(ProcessLookupError):
            for _ in range(50):
                os.kill(server.pid, signal.SIGTERM)
                time.sleep(0.0002)
        ended = server.stop()
        assert ended.problems == [], (tmp_path / f"{name}.err").read_text()
        assert (tmp_path / f"{name}.err").read_text() == ""
