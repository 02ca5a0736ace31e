"""Pools of threads: as many clients at a time as there are threads, and a check that holds a server to its number."""

import contextlib
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.config import Strategy
from harness.conformance import client, echo, log
from harness.conformance.client import Nonconformance, Target
from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

POOLS = ["thread-pool", "thread-executor"]
WAITS_S = 0.1  # a client that hears nothing for so long isn't served
DEADLINE_S = 60


def sized(name: str, threads: int) -> Strategy:
    """That strategy with so many threads."""
    strategy = STRATEGIES[name]
    resized = re.sub(r"--threads \d+", f"--threads {threads}", strategy.command)
    return strategy.model_copy(update={"command": resized, "serves": threads})


@contextlib.contextmanager
def clients(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Clients that have said a word each, in the order of their coming."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            found.append(stack.enter_context(socket.create_connection(server.address, DEADLINE_S)))
            found[-1].sendall(b"a word\r\n")
        yield found


def is_served(sock: socket.socket, within_s: float = DEADLINE_S) -> bool:
    sock.settimeout(within_s)
    try:
        return sock.recv(100) == b"a word\r\n"
    except TimeoutError:
        return False


@pytest.mark.parametrize("name", POOLS)
def test_who_comes_when_all_threads_are_taken_waits_for_one_to_leave(name: str, start: Start) -> None:
    server = start(sized(name, 3))
    with clients(server, 5) as (first, *others, fourth, fifth):
        assert all(map(is_served, [first, *others]))
        assert not is_served(fourth, WAITS_S)
        assert psutil.Process(server.pid).num_threads() == 4  # and the one that accepts
        first.close()
        assert is_served(fourth)
        assert not is_served(fifth, WAITS_S)
        others[0].close()
        assert is_served(fifth)
    assert server.stop().problems == []


def test_bench_toml_declares_as_many_as_there_are_threads() -> None:
    for name in POOLS:
        assert f"--threads {STRATEGIES[name].serves}" in STRATEGIES[name].command


@pytest.mark.parametrize(("suite", "case"), [(echo, "crowd"), (echo, "silent_client"), (log, "silent_client")])
def test_a_server_that_serves_fewer_than_it_says_is_found(
    suite: object, case: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(sized("thread-pool", 3), suite.__name__.rpartition(".")[2])  # type: ignore[attr-defined]
    getattr(suite, case)(Target(server.endpoint, serves=3))
    monkeypatch.setattr(client, "DEADLINE_S", 0.5)  # who waits in vain
    with pytest.raises(Nonconformance):
        getattr(suite, case)(Target(server.endpoint, serves=4))


BAD = [*((name, threads) for name in POOLS for threads in ("0", "1000000")), ("thread-pool", "-1"), ("thread-pool", "")]


@pytest.mark.parametrize(("name", "threads"), BAD)
def test_a_pool_of_a_size_that_makes_no_sense_is_refused_with_2(name: str, threads: str, tmp_path: Path) -> None:
    words = command(STRATEGIES[name], "--threads", threads)
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "--threads" in ended.stderr
