"""Servers in threads of the test, whose conduct is known to the byte, and the load generator that is held to them."""

import contextlib
import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from harness.processes import session
from harness.processes.endpoint import Endpoint
from harness.processes.loader import Loader

LENGTHS = {"head_s": 0.01, "counted_s": 0.1, "drain_limit_s": 0.3, "request_timeout_s": 5.0}


CLIENTS = 3


DEADLINE_S = 60  # of what takes a moment, however busy the machine is


class Peer:
    """A server in threads of the test: `talk(socket, number)` is one connection, numbered from 0."""

    def __init__(self, talk: Callable[[socket.socket, int], None]) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address: tuple[str, int] = self._listener.getsockname()
        self.url = Endpoint(*self.address).url  # as the load generator is told it
        self.sources: list[str] = []  # one for each connection
        self.ends: list[str] = []  # the same with their ports
        self._accepted: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for sock in (self._listener, *self._accepted):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            for number in itertools.count():
                sock, (host, port) = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.sources.append(host)
                self.ends.append(f"{host}:{port}")
                self._accepted.append(sock)
                threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, threading.BrokenBarrierError), sock:
            self._talk(sock, number)


class Auditor(Loader):
    """A loader whose counts reconcile in every window: whatever was begun, or was open before, came to an end."""

    def window(self, *given: Any) -> dict[str, Any]:
        seen = super().window(*given)
        assert seen["carried"] + seen["asked"] == seen["replies"] + seen["failed"] + seen["censored"], seen
        assert seen["first_half"] <= seen["requests"] <= seen["replies"]
        return seen


def messages(sock: socket.socket, size: int = 64) -> Iterator[bytes]:
    while message := sock.recv(size, socket.MSG_WAITALL):
        yield message


def echo(sock: socket.socket, number: int) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


def silent(sock: socket.socket, number: int) -> None:
    while sock.recv(65536):
        pass


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def total(encoded: str | None) -> int:
    """How many values a histogram has."""
    return int(HdrHistogram.decode(encoded).get_total_count()) if encoded else 0


def windows_until(
    loader: Loader, enough: Callable[[list[dict[str, Any]]], Any], lengths: dict[str, float] = LENGTHS, *load: Any
) -> list[dict[str, Any]]:
    """So many windows at `it` as that takes: how much happens in one depends on the machine."""
    deadline = time.monotonic() + DEADLINE_S
    seen = [loader.window("it", lengths, *load)]
    while not enough(seen):
        assert time.monotonic() < deadline, seen[-1]
        seen.append(loader.window("it", lengths, *load))
    return seen


def running(workers: int, logs: Path, loop: str = "auto") -> Iterator[Loader]:
    loader = Auditor(workers, None, logs, loop)
    try:
        assert loader.wait_ready()["loop"] == loop or loop == "auto"
        yield loader
    finally:
        loader.stop()
    assert session.members(loader.pid) == []


@contextlib.contextmanager
def opened(
    loader: Loader,
    targets: dict[str, str],
    clients: int = CLIENTS,
    service: str = "echo",
    message_size: int = 64,
    requests_per_connection: int = 0,
) -> Iterator[dict[str, Any]]:
    exchange = {
        "service": service,
        "message_size": message_size,
        "requests_per_connection": requests_per_connection,
    }
    try:
        yield loader.open(targets, clients, exchange)
    finally:
        loader.close()


@contextlib.contextmanager
def peers(**talks: Callable[[socket.socket, int], None]) -> Iterator[dict[str, Peer]]:
    started = {name: Peer(talk) for name, talk in talks.items()}
    try:
        yield started
    finally:
        for peer in started.values():
            peer.close()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    yield from running(2, tmp_path_factory.mktemp("loader"))
