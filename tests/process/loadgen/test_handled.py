"""Clients of servers with handlers: they begin one after the other, and bystanders' latencies are theirs alone."""

import socket
import time

import pytest

from analysis.histograms import decoded
from harness.processes.loader import Loader
from tests.support.peers import LENGTHS, echo, messages, opened, peers

SLOW_S = 0.05
CLIENTS = 5


def slow_for_one(sock: socket.socket, number: int) -> None:
    """What --handler-of one asks of a server: the client of name 0 waits for its answers, the others don't."""
    for message in messages(sock):
        if message.startswith(b"00000000"):
            time.sleep(SLOW_S)
        sock.sendall(message)


def slow(sock: socket.socket, number: int) -> None:
    for message in messages(sock):
        time.sleep(SLOW_S)
        sock.sendall(message)


@pytest.mark.parametrize("whose", ["one", "all"])
def test_latencies_are_those_of_bystanders(one_worker: Loader, whose: str) -> None:
    exchange = {"service": "echo", "message_size": 64, "handler_of": whose}
    with peers(it=slow_for_one) as started:
        one_worker.open({"it": started["it"].url}, CLIENTS, exchange, queue=CLIENTS)
        seen = one_worker.window("it", LENGTHS | {"counted_s": 0.3})
        one_worker.close()
    told = decoded(seen["latency_hdr"])
    at_least = told.counts[told.values >= 0.99 * SLOW_S * 1e9].sum()  # bystanders may wait as long for a CPU
    assert told.counts.sum() > 10
    if whose == "all":
        assert at_least >= 3
    assert seen["replies"] > told.counts.sum()
    assert seen["unanswered"] == 0


def test_an_open_request_of_the_one_is_no_tail(one_worker: Loader) -> None:
    """All others are answered before the window ends; that of the one is open."""
    exchange = {"service": "echo", "message_size": 64, "handler_of": "one"}
    with peers(it=slow_for_one) as started:
        one_worker.open({"it": started["it"].url}, CLIENTS, exchange, queue=CLIENTS)
        found = [one_worker.window("it", LENGTHS | {"counted_s": 0.01, "drain_limit_s": 0.02}) for _ in range(5)]
        one_worker.close()
    assert max(seen["censored"] for seen in found) >= 1
    assert all(seen["unfinished"] < max(seen["censored"], 1) for seen in found)
    assert not any(seen["unanswered"] for seen in found)


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
        seen = one_worker.window("it", lengths)
    assert len(came) == CLIENTS
    assert max(came) - min(came) >= 0.1  # four fifths of it, less what the machine is late for the first
    assert seen["requests"] > 0
