"""Connections that a server closes while nobody asks it: they are made anew before the window, and are no errors."""

import contextlib
import socket
import threading
from collections.abc import Callable

import pytest

from harness.processes.loader import Loader
from tests.support.peers import CLIENTS, DEADLINE_S, LENGTHS, echo, opened, peers, reset

IDLE_S = 0.2


class ClosesIdle:
    """Echoes, and ends the first connections when it is told to."""

    def __init__(self, end: Callable[[socket.socket], None], most: int = CLIENTS) -> None:
        self._end, self._left = end, most
        self._ends, self._closed = threading.Event(), threading.Event()
        self._lock = threading.Lock()

    def close(self) -> None:
        """And return when all are."""
        self._ends.set()
        assert self._closed.wait(DEADLINE_S)

    def __call__(self, sock: socket.socket, number: int) -> None:
        sock.settimeout(0.01)
        while not self._ends.is_set() or self._closed.is_set():
            with contextlib.suppress(TimeoutError):
                if not (data := sock.recv(65536)):
                    return
                sock.sendall(data)
        self._end(sock)
        with self._lock:
            self._left -= 1
            if not self._left:
                self._closed.set()


def closes_idle(sock: socket.socket, number: int) -> None:
    """Echoes, and ends a connection that says nothing for long."""
    sock.settimeout(IDLE_S)
    with contextlib.suppress(TimeoutError):
        echo(sock, number)


@pytest.mark.parametrize("end", [socket.socket.close, reset], ids=["closed", "reset"])
def test_they_are_replaced_before_the_window(one_worker: Loader, end: Callable[[socket.socket], None]) -> None:
    talk = ClosesIdle(end)
    with peers(it=talk) as started, opened(one_worker, {"it": started["it"].url}):
        first = one_worker.window("it", LENGTHS)
        talk.close()
        second = one_worker.window("it", LENGTHS)
        assert len(started["it"].sources) == 2 * CLIENTS
    assert (first["replaced"], second["replaced"]) == (0, CLIENTS)
    assert (first["errors"], second["errors"]) == ({}, {})
    assert second["failed"] == second["carried"] == second["unanswered"] == 0
    assert second["connects"] == 0, "before the head"
    assert second["requests"] > 0


def test_workers_add_theirs_up(two_workers: Loader) -> None:
    talk = ClosesIdle(socket.socket.close, most=4)
    with peers(it=talk) as started, opened(two_workers, {"it": started["it"].url}, clients=4):
        two_workers.window("it", LENGTHS)
        talk.close()
        seen = two_workers.window("it", LENGTHS)
    assert seen["replaced"] == 4
    assert seen["errors"] == {}


def test_a_client_that_gets_none_anew_is_an_error_of_the_window(one_worker: Loader) -> None:
    talk = ClosesIdle(socket.socket.close)
    with peers(it=talk) as started, opened(one_worker, {"it": started["it"].url}):
        talk.close()
        started["it"].close()
        seen = one_worker.window("it", LENGTHS)
    assert seen["replaced"] == CLIENTS
    assert seen["errors"].get("refused", 0) >= CLIENTS
    assert seen["replies"] == 0


def test_in_an_open_loop_idle_clients_connect_anew_within_the_window(one_worker: Loader) -> None:
    """Each of three clients is asked for every 0.6 s, and has lost its connection by then."""
    lengths = LENGTHS | {"counted_s": 2.0}
    with peers(it=closes_idle) as started, opened(one_worker, {"it": started["it"].url}):
        seen = one_worker.window("it", lengths, {"rate_rps": 5, "arrivals": "even", "backlog": 100, "seed": 1})
    assert seen["replaced"] > 3
    assert seen["connects"] > 3
    assert seen["errors"] == {}
    assert seen["unfinished"] == 0
