"""Requests age while their server may answer: not while it stands still, whatever is done before its next window."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from math import inf
from typing import Any

import pytest

from loadgen.crowd import Crowd
from loadgen.flood import clock
from tests.support.peers import DEADLINE_S, echo, messages, peers, silent

CLIENTS = 3
MOMENT_S = 0.02
LENGTHS = {"head_s": 0.01, "counted_s": 0.05, "drain_limit_s": 0.1, "request_timeout_s": 5.0}
COMMAND: dict[str, Any] = {"target": "it", "clients": CLIENTS, "lengths": LENGTHS}
LOADS: dict[str, dict[str, Any]] = {
    "closed": {"spin_ns": 0},
    "open": {"rate_rps": 100.0, "arrivals": "even", "backlog": 100, "seed": 1},
}


class HangsAndCloses:
    """Never answers its first client; when it is told to, it ends the connections of the others after a moment."""

    def __init__(self) -> None:
        self.ends, self.has_ended = threading.Event(), threading.Event()
        self._left = CLIENTS - 1
        self._lock = threading.Lock()

    def __call__(self, sock: socket.socket, number: int) -> None:
        if not number:
            silent(sock, number)
        elif number >= CLIENTS:
            echo(sock, number)
        else:
            sock.sendall(next(messages(sock)))
            self.ends.wait(DEADLINE_S)
            time.sleep(MOMENT_S)
            sock.close()
            with self._lock:
                self._left -= 1
                if not self._left:
                    self.has_ended.set()


@contextlib.contextmanager
def opened(compiled: bool, hangs: HangsAndCloses) -> Iterator[Crowd]:
    it = Crowd(allow_remote=False, compiled=compiled)
    for _ in range(CLIENTS):
        it.join(0)
    with peers(it=hangs) as started:
        try:
            it.open({"targets": {"it": started["it"].url}, "stamps": True,
                     "exchange": {"service": "echo", "message_size": 64}}, lambda: None)  # fmt: skip
            yield it
        finally:
            it.close()


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "python"])
def test_an_open_request_does_not_age_before_the_connections_of_others_are_replaced(load: str, compiled: bool) -> None:
    """What it ages by is what passes from the time at which the next window is prepared, and no more."""
    hangs = HangsAndCloses()
    with opened(compiled, hangs) as it:
        flood = it._floods["it"]
        (before,) = flood.give_up(inf)
        stood_still = clock()
        hangs.ends.set()
        assert hangs.has_ended.wait(DEADLINE_S)
        began = clock()
        assert began - stood_still > MOMENT_S * 1e9 / 2  # in a run all servers stand still meanwhile
        assert it.prepare(COMMAND | {"load": LOADS[load]}, lambda: None) == {"replaced": CLIENTS - 1}
        (after,) = flood.give_up(inf)
        assert 0 <= after - before <= clock() - began


def test_what_it_stood_still_is_taken_off_once() -> None:
    """A window that is prepared begins after that."""
    with opened(False, HangsAndCloses()) as it:
        flood = it._floods["it"]
        (before,) = flood.give_up(inf)
        time.sleep(MOMENT_S)
        assert it.prepare(COMMAND | {"load": LOADS["closed"]}, lambda: None) == {"replaced": 0}
        flood.resume()
        (after,) = flood.give_up(inf)
        assert before <= after
