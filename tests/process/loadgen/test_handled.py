"""Clients of servers with handlers: they begin one after the other, and bystanders' latencies are theirs alone."""

import socket
import threading
import time
from typing import Any

import pytest

from harness.processes.loader import Loader
from tests.support.peers import DEADLINE_S, LENGTHS, echo, messages, opened, peers, total, windows_until

SLOW_S = 0.05
CLIENTS = 5


def slow_for_one(sock: socket.socket, number: int) -> None:
    """What --handler-of one asks of a server: the client of name 0 waits for its answers, the others don't."""
    for message in messages(sock):
        if message.startswith(b"00000000"):
            time.sleep(SLOW_S)
        sock.sendall(message)


def of_the_one(seen: dict[str, Any]) -> int:
    """How many were answered that belong to the window, and whose latencies aren't told."""
    return int(seen["answered"]) - total(seen["latency_hdr"])


@pytest.mark.parametrize("whose", ["one", "all"])
def test_latencies_are_those_of_bystanders(one_worker: Loader, whose: str) -> None:
    exchange = {"service": "echo", "message_size": 64, "handler_of": whose}
    with peers(it=slow_for_one) as started:
        one_worker.open({"it": started["it"].url}, CLIENTS, exchange, queue=CLIENTS)
        seen = windows_until(one_worker, lambda seen: seen[-1]["answered"] > 10, LENGTHS | {"counted_s": 0.3})
        if whose == "one":
            seen = windows_until(one_worker, lambda seen: of_the_one(seen[-1]), LENGTHS | {"counted_s": 0.3})
        one_worker.close()
    assert total(seen[-1]["latency_hdr"]) > 0
    if whose == "all":
        assert [of_the_one(window) for window in seen] == [0] * len(seen)
    assert not any(window["unanswered"] for window in seen)


def test_an_open_request_of_the_one_is_no_tail(one_worker: Loader) -> None:
    """All others are answered before the window ends; that of the one is open."""
    is_over = threading.Event()

    def holds_the_one(sock: socket.socket, number: int) -> None:
        for turn, message in enumerate(messages(sock)):
            if turn and message.startswith(b"00000000"):
                is_over.wait(DEADLINE_S)
            sock.sendall(message)

    exchange = {"service": "echo", "message_size": 64, "handler_of": "one"}
    with peers(it=holds_the_one) as started:
        one_worker.open({"it": started["it"].url}, CLIENTS, exchange, queue=CLIENTS)
        found = [one_worker.window("it", LENGTHS | {"drain_limit_s": 1.0}) for _ in range(2)]
        is_over.set()
        one_worker.close()
    assert [(seen["censored"], seen["unfinished"], seen["unanswered"]) for seen in found] == [(1, 0, 0)] * 2


def test_clients_begin_one_after_the_other(one_worker: Loader) -> None:
    """In step all would be answered at the same instants: the first answers come over the time that they begin in."""
    lengths = LENGTHS | {"head_s": 0.2, "counted_s": 0.2, "stagger_s": 0.2}
    came: list[float] = []

    def note_first(sock: socket.socket, number: int) -> None:
        asked = messages(sock)
        sock.sendall(next(asked))  # when it connected
        sock.sendall(next(asked))
        came.append(time.monotonic())
        echo(sock, number)

    with peers(it=note_first) as started, opened(one_worker, {"it": started["it"].url}, clients=CLIENTS):
        began = time.monotonic()
        seen = one_worker.window("it", lengths)
    assert len(came) == CLIENTS
    assert max(came) - began >= 4 / 5 * lengths["stagger_s"]  # the last one's turn: who is late comes later still
    assert seen["requests"] > 0
