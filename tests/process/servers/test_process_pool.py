"""asyncio-process-pool: its processes carry out handlers and nothing else, and none outlives another."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.processes.server import Server
from tests.support.project import STRATEGIES

Start = Callable[..., Server]

DEADLINE_S = 60
POOL = STRATEGIES["asyncio-process-pool"]


def processes(server: Server) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(server.pid).children(recursive=True)
    assert len(found) == 2
    return found


def has_ended(process: psutil.Process) -> bool:
    """Whoever inherits an orphan may take its time to hear of its end."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def all_end(found: list[psutil.Process]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not all(map(has_ended, found)) and time.monotonic() < deadline:
        time.sleep(0.005)
    return all(map(has_ended, found))


def has_died(server: Server) -> bool:
    return all_end([psutil.Process(server.pid)])


def test_they_are_there_from_the_beginning_and_hold_no_connection(start: Start) -> None:
    server = start(POOL)
    with socket.create_connection(server.address, DEADLINE_S) as sock:
        sock.sendall(b"a message\r\n")
        assert sock.recv(100) == b"a message\r\n"
        for process in processes(server):
            assert process.net_connections("tcp") == []
            assert os.getsid(process.pid) == server.pid


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_they_end_with_their_server(stop_signal: signal.Signals, start: Start) -> None:
    server = start(POOL)
    found = processes(server)
    os.killpg(server.pid, stop_signal)  # a terminal's Ctrl-C reaches them too
    assert all_end(found)
    ended = server.stop()
    assert (ended.exit_code, ended.leftovers) == (0, 0)


def test_none_outlives_a_server_that_is_killed(start: Start) -> None:
    server = start(POOL)
    found = processes(server)
    os.kill(server.pid, signal.SIGKILL)
    assert all_end(found)


def test_one_that_ends_by_itself_ends_the_server_when_it_is_needed(start: Start, tmp_path: Path) -> None:
    server = start(POOL)
    found = processes(server)
    found[0].kill()
    deadline = time.monotonic() + DEADLINE_S
    with socket.create_connection(server.address, DEADLINE_S) as sock:
        heard = b"a message\r\n"
        while heard and time.monotonic() < deadline:  # the other one answers until that end is seen
            sock.sendall(b"a message\r\n")
            heard = sock.recv(100)
    assert heard == b""
    assert has_died(server)
    assert server.stop().exit_code == 1
    assert "process" in (tmp_path / f"{POOL.name}.err").read_text()
    assert all_end(found)
