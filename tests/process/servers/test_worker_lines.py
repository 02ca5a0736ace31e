"""Threads that serve say, if asked, which connections each takes; and nothing without."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support.project import ROOT, STRATEGIES, command

DEADLINE_S = 60
THREADED = {"thread-loops": 4, "thread-loops-reuseport": 4, "thread-pool": 32, "subinterpreters": 4}
LINE = b"a message\r\n"


@contextmanager
def started(name: str, *options: str) -> Iterator["tuple[subprocess.Popen[str], tuple[str, int]]"]:
    process = subprocess.Popen(
        command(STRATEGIES[name], *options), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        word, _, address = process.stdout.readline().partition(" ")
        if not word:
            pytest.skip("it can't start here")
        try:
            yield process, ("127.0.0.1", int(address.partition(":")[2]))
        finally:
            process.terminate()


@contextmanager
def served(address: tuple[str, int], count: int) -> Iterator[list[str]]:
    """Clients that were answered, by their own addresses."""
    with ExitStack() as stack:
        socks = [stack.enter_context(socket.create_connection(address, DEADLINE_S)) for _ in range(count)]
        for sock in socks:
            sock.sendall(LINE)
            assert sock.recv(100) == LINE
        yield [f"127.0.0.1:{sock.getsockname()[1]}" for sock in socks]


@pytest.mark.parametrize("name", THREADED)
def test_each_connection_is_said_once_with_the_worker_that_takes_it(name: str) -> None:
    with started(name, "--marks") as (process, address):
        with served(address, 20) as clients:
            process.terminate()
            said = [line.split() for line in process.communicate(timeout=DEADLINE_S)[0].splitlines()]
        assert {len(words) for words in said} == {3}
        assert {words[0] for words in said} == {"WORKER"}
        assert {int(words[1]) for words in said} <= set(range(THREADED[name]))
        assert sorted(words[2] for words in said) == sorted(clients)


@pytest.mark.parametrize("name", THREADED)
def test_without_that_option_nothing_is_said(name: str) -> None:
    with started(name) as (process, address), served(address, 5):
        process.terminate()
        assert process.communicate(timeout=DEADLINE_S) == ("", "")


def test_workers_that_are_processes_have_no_such_option() -> None:
    words = command(STRATEGIES["prefork"], "--marks")
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--marks" in ended.stderr
