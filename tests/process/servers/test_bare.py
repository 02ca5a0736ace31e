"""Forks and threads on bare sockets, and the commands of bench files from before their family had a folder."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.config import ConfigError, Strategy, command_now, read
from harness.plan.selection import select
from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES

Start = Callable[..., Server]

MOVED = {
    "{python} -m servers.forking_mixin {options}": "{python} -m servers.per_client.forking_mixin {options}",
    "{python} -O -m servers.threading_mixin --port 1": "{python} -O -m servers.per_client.threading_mixin --port 1",
}


def talk(sock: socket.socket) -> None:
    sock.sendall(b"a message\r\n")
    assert sock.recv(100) == b"a message\r\n"


DEADLINE_S = 60


def end_in_time(children: list[psutil.Process]) -> bool:
    """Whether all of them are gone within the deadline, waited for by their parent."""
    return not psutil.wait_procs(children, timeout=DEADLINE_S)[1]


def test_children_that_ended_are_waited_for_at_once(start: Start) -> None:
    """No zombie stays until the next client comes."""
    server = start(STRATEGIES["forking-bare"])
    parent = psutil.Process(server.pid)
    clients = [socket.create_connection(server.address, 10) for _ in range(20)]
    for sock in clients:
        talk(sock)
    children = parent.children()
    assert len(children) == 20
    for sock in clients:
        sock.close()
    assert end_in_time(children)
    with socket.create_connection(server.address, 10) as sock:
        talk(sock)


@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT])
def test_forked_children_are_taken_along(start: Start, stop_signal: signal.Signals) -> None:
    server = start(STRATEGIES["forking-bare"])
    clients = [socket.create_connection(server.address, 10) for _ in range(50)]
    for sock in clients:
        talk(sock)
    children = psutil.Process(server.pid).children()
    assert len(children) == 50
    os.kill(server.pid, stop_signal)  # the parent alone
    assert end_in_time(children)
    assert server.stop().problems == []
    for sock in clients:
        sock.close()


def test_a_server_without_threads_to_be_had_refuses_and_goes_on(start: Start, tmp_path: Path) -> None:
    server = start(STRATEGIES["threading-bare"])
    with socket.create_connection(server.address, 10) as served:
        talk(served)
        process = psutil.Process(server.pid)
        before = process.rlimit(psutil.RLIMIT_AS)
        process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, before[1]))  # no room for another stack
        with socket.create_connection(server.address, 10) as refused:
            assert refused.recv(1) == b""
        process.rlimit(psutil.RLIMIT_AS, before)
        talk(served)
        with socket.create_connection(server.address, 10) as later:
            talk(later)
    assert "a connection could not be served" in (tmp_path / "threading-bare.err").read_text()


@pytest.mark.parametrize("command", MOVED)
def test_a_module_that_moved_is_told_by_its_new_name(command: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(f"[strategies]\nold = 'env PYTHONPATH={ROOT} {command}'\n")
    with pytest.raises(ConfigError) as refused:
        select(read(ROOT / "bench.toml", tmp_path / "mine.toml"), "old")
    assert str(refused.value) == (
        f"{tmp_path / 'mine.toml'}: strategies.old.command: the servers are modules by family now; "
        f'write "env PYTHONPATH={ROOT} {MOVED[command]}"'
    )
    assert command_now(Strategy(command=command, cwd=ROOT)) == MOVED[command]


def test_a_module_that_is_where_it_says_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/threading_mixin.py").touch()  # a stranger's, or one of an older revision
    for module in ("servers.blocking", "servers.threading_mixin", "servers.mine", "mine", "http.server"):
        assert command_now(Strategy(command=f"{{python}} -m {module}", cwd=tmp_path)) is None
