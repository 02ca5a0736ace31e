"""Interpreters in the threads of one process: from Python 3.12 on."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

import psutil
import pytest

from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command

DEADLINE_S = 60
SUBINTERPRETERS = STRATEGIES["subinterpreters"]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="needs Python 3.11")
def test_an_older_python_is_told_with_3() -> None:
    ended = subprocess.run(
        command(SUBINTERPRETERS), cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "Python 3.12" in ended.stderr


@pytest.mark.parametrize("python", ["python3.12", "python3.13", "python3.14"])
def test_each_thread_has_an_interpreter_that_serves(python: str, start: Callable[..., Server]) -> None:
    found = shutil.which(python)
    if found is None or subprocess.run([found, "-V"], capture_output=True, check=False).returncode:
        pytest.skip(f"needs {python}")
    server = start(SUBINTERPRETERS.model_copy(update={"python": found}))
    socks = [socket.create_connection(server.address, DEADLINE_S) for _ in range(20)]
    for sock in socks:
        with sock:
            sock.sendall(b"a message\r\n")
            assert sock.recv(100) == b"a message\r\n"
    assert psutil.Process(server.pid).num_threads() == 5  # and the one that hears signals
    assert server.stop().problems == []


@pytest.mark.parametrize("many", ["0", "1000000"])
def test_a_number_of_interpreters_that_makes_no_sense_starts_nothing(many: str) -> None:
    words = command(SUBINTERPRETERS, "--workers", many)
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stdout) == (2 if sys.version_info >= (3, 12) else 3, "")
    assert len(ended.stderr.splitlines()) == 1
