"""asyncore and asynchat: of the standard library until Python 3.11, of packages from 3.12 on."""

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

DEADLINE_S = 60


def heard(sock: socket.socket, size: int) -> bytes:
    """That many bytes, or fewer if the server closes before."""
    received = bytearray()
    while len(received) < size and (data := sock.recv(size - len(received))):
        received += data
    return bytes(received)


@pytest.mark.parametrize("name", ["asyncore", "asynchat"])
def test_a_package_that_is_missing_is_told_with_3(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')")
    ended = subprocess.run(
        command(STRATEGIES[name]), cwd=ROOT, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True,
        text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (3, "")
    assert len(ended.stderr.splitlines()) == 1
    assert f"pip install py{name}" in ended.stderr


@pytest.mark.parametrize("name", ["asyncore", "asynchat"])
def test_urgent_data_neither_wakes_for_ever_nor_is_news(name: str, start: Start, tmp_path: Path) -> None:
    server = start(STRATEGIES[name])
    with socket.create_connection(server.address, DEADLINE_S) as sock:
        sock.send(b"!", socket.MSG_OOB)
        sock.sendall(b"a message\r\n")
        assert heard(sock, 11) == b"a message\r\n"
        sock.send(b"!", socket.MSG_OOB)  # and nothing after it
        with socket.create_connection(server.address, DEADLINE_S) as other:  # who comes later is served later
            other.sendall(b"a message\r\n")
            assert heard(other, 11) == b"a message\r\n"
        assert is_asleep(server)
        sock.sendall(b"a message\r\n")
        assert heard(sock, 11) == b"a message\r\n"
    assert (tmp_path / f"{name}.err").read_text() == ""


def is_asleep(server: Server) -> bool:
    """Whether it gives up its CPU for some tenths of a second, sooner or later."""
    process, deadline = psutil.Process(server.pid), time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        used = sum(process.cpu_times()[:2])
        time.sleep(0.2)
        if sum(process.cpu_times()[:2]) == used:
            return True
    return False


def test_a_line_past_the_limit_passes_in_pieces_and_keeps_its_end(start: Start) -> None:
    server = start(STRATEGIES["asynchat"])
    head = b"x" * (2**20 + 1)
    with socket.create_connection(server.address, DEADLINE_S) as sock:
        sock.sendall(head + b"\r")  # half an end, which waits for the other
        assert heard(sock, len(head)) == head
        sock.sendall(b"\nanother line\r\n")
        assert heard(sock, 16) == b"\r\nanother line\r\n"


@pytest.mark.parametrize("service", ["echo", "log"])
def test_half_an_end_is_owed_too(service: str, start: Start) -> None:
    server = start(STRATEGIES["asynchat"], service)
    with socket.create_connection(server.address, DEADLINE_S) as sock:
        sock.sendall(b"no end\r")
        sock.shutdown(socket.SHUT_WR)
        assert heard(sock, 100) == {"echo": b"no end\r", "log": b"7\r\n"}[service]
