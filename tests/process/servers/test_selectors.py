"""Loops that differ in how they wait: edge-triggered, and over the standard library's selectors."""

import contextlib
import os
import resource
import select
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

DEADLINE_S = 60
LINE = b"a message\r\n"


def client_of(server: Server) -> socket.socket:
    return socket.create_connection(server.address, DEADLINE_S)


def heard(sock: socket.socket, size: int) -> bytes:
    """That many bytes, or fewer if the server closes before."""
    received = bytearray()
    while len(received) < size and (data := sock.recv(size - len(received))):
        received += data
    return bytes(received)


@pytest.mark.parametrize("recv_size", [1, 7, 100])
def test_all_that_one_edge_told_of_is_read(start: Start, recv_size: int) -> None:
    """Far more than a read takes, and the end, which came with it and is told of no more."""
    server = start(STRATEGIES["epoll-edge"], recv_size=recv_size)
    stream = os.urandom(20_000)
    with client_of(server) as sock:
        sock.sendall(stream)
        sock.shutdown(socket.SHUT_WR)
        assert heard(sock, len(stream) + 1) == stream


def test_what_comes_after_urgent_data_is_read(start: Start) -> None:
    """A read ends before the urgent byte, and is shorter than it might be; there is more all the same."""
    server = start(STRATEGIES["epoll-edge"])
    with client_of(server) as sock:
        sock.sendall(LINE)
        assert heard(sock, len(LINE)) == LINE
        os.kill(server.pid, signal.SIGSTOP)
        sock.sendall(b"before")
        sock.send(b"!", socket.MSG_OOB)
        sock.sendall(b"after")
        os.kill(server.pid, signal.SIGCONT)
        assert heard(sock, 11) == b"beforeafter"


def test_a_client_with_more_to_read_holds_up_nobody(start: Start) -> None:
    """Of two who ask for a receipt, the one with megabytes to be counted byte by byte gets it last."""
    server = start(STRATEGIES["epoll-edge"], "log", recv_size=1)
    with client_of(server) as flooding, client_of(server) as other:
        flooding.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                flooding.send(b"x" * 2**16)
        for sock in (flooding, other):
            sock.shutdown(socket.SHUT_WR)
        assert select.select([flooding, other], [], [], DEADLINE_S)[0] == [other]
        assert heard(other, 3) == b"0\r\n"


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2500:
        pytest.skip(f"needs 2,500 descriptors, and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize(("name", "all_are_served"), [("selectors-select", False), ("selectors-poll", True)])
def test_only_select_has_a_last_descriptor(name: str, all_are_served: bool, start: Start, tmp_path: Path) -> None:
    server = start(STRATEGIES[name], backlog=2000)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(client_of(server)) for _ in range(1050)]
        crowd[0].sendall(LINE)
        assert heard(crowd[0], len(LINE)) == LINE
        if all_are_served:
            crowd[-1].sendall(LINE)
            assert heard(crowd[-1], len(LINE)) == LINE
        else:
            assert heard(crowd[-1], 1) == b""
            assert "past FD_SETSIZE (1024)" in (tmp_path / f"{name}.err").read_text()


@pytest.mark.parametrize("selector", ["kqueue", "", "Epoll"])
def test_a_selector_that_there_is_none_of_is_refused_with_2(selector: str) -> None:
    words = command(STRATEGIES["selectors-epoll"], "--selector", selector)
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "select" in ended.stderr
