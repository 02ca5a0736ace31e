"""Servers that fail: what the load generator counts, and how it goes on."""

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from harness.processes.endpoint import Endpoint
from harness.processes.loader import Loader
from tests.support.peers import (
    CLIENTS,
    DEADLINE_S,
    LENGTHS,
    echo,
    messages,
    opened,
    peers,
    reset,
    silent,
    total,
    windows_until,
)


def wrong(sock: socket.socket, number: int) -> None:
    for message in messages(sock):
        sock.sendall(message[:20] + b"?" + message[21:])


def twice(sock: socket.socket, number: int) -> None:
    for message in messages(sock):
        sock.sendall(message + message)


def resets(sock: socket.socket, number: int) -> None:
    sock.recv(64)
    reset(sock)


def closes(sock: socket.socket, number: int) -> None:
    sock.recv(64, socket.MSG_WAITALL)


class Crossing:
    """Gives each client of a pair the other's reply."""

    def __init__(self) -> None:
        self._meetings = [threading.Barrier(2) for _ in range(20)]
        self._said: dict[int, bytes] = {}

    def __call__(self, sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            self._said[number] = message
            self._meetings[number // 2].wait(DEADLINE_S)
            sock.sendall(self._said[number ^ 1])


class RightFromThe:
    """Closes the first connections unanswered, and serves the later ones."""

    def __init__(self, first_right: int) -> None:
        self._first_right = first_right

    def __call__(self, sock: socket.socket, number: int) -> None:
        (echo if number >= self._first_right else closes)(sock, number)


@pytest.fixture(scope="module")
def unanswering(one_worker: Loader) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """For each: the answer to `open`, and a window. Four clients, so that pairs cross.

    Who has answered nobody isn't waited for in the drain, so that the window itself has time for four failures.
    """
    lengths = LENGTHS | {"counted_s": 0.5}
    with socket.socket() as nobody, peers(
        wrong=wrong, twice=twice, crossed=Crossing(), resets=resets, closes=closes, silent=silent, late=RightFromThe(4)
    ) as started:  # fmt: skip
        nobody.bind(("127.0.0.1", 0))  # holds the port and listens to no one
        targets = {name: peer.url for name, peer in started.items()} | {"refused": Endpoint(*nobody.getsockname()).url}
        with opened(one_worker, targets, clients=4) as answer:
            return {name: (answer["targets"][name], one_worker.window(name, lengths)) for name in targets}


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("wrong", "corrupt"),
        ("twice", "corrupt"),
        ("crossed", "corrupt"),
        ("resets", "reset"),
        ("closes", "closed"),
        ("refused", "refused"),
    ],
)
def test_error_by_its_kind(unanswering: dict[str, Any], target: str, kind: str) -> None:
    answer, seen = unanswering[target]
    assert answer == {"answered": 0, "errors": {kind: 4}}
    assert seen["errors"] == {kind: 4}
    assert seen["requests"] == seen["replies"] == seen["censored"] == 0
    assert seen["unanswered"] == 4
    assert seen["latency_hdr"] is None


def test_server_that_never_answers(unanswering: dict[str, Any]) -> None:
    answer, seen = unanswering["silent"]
    assert answer == {"answered": 0, "errors": {}}
    assert seen["requests"] == seen["replies"] == 0
    assert seen["unanswered"] == seen["censored"] == total(seen["censored_hdr"]) == 4
    assert seen["latency_hdr"] is None
    assert seen["errors"] == {}


def test_client_answered_only_after_a_failure_does_not_starve(unanswering: dict[str, Any]) -> None:
    answer, seen = unanswering["late"]
    assert answer == {"answered": 0, "errors": {"closed": 4}}
    assert seen["requests"] > 0
    assert seen["unanswered"] == 0
    assert seen["censored"] == 0


def after_the_first(then: Callable[[socket.socket, bytes], None]) -> Callable[[socket.socket, int], None]:
    def talk(sock: socket.socket, number: int) -> None:
        for turn, message in enumerate(messages(sock)):
            if turn:
                then(sock, message)
            else:
                sock.sendall(message)

    return talk


def ends(sock: socket.socket, message: bytes) -> None:
    sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (lambda sock, message: sock.sendall(message[::-1]), "corrupt"),
        (lambda sock, message: reset(sock), "reset"),
        (ends, "closed"),
    ],
    ids=["wrong", "resets", "closes"],
)
def test_each_failure_is_counted_and_replaced(one_worker: Loader, then: Any, kind: str) -> None:
    """More often than there are clients in a window: these came again, and were answered once each."""
    with peers(it=after_the_first(then)) as started, opened(one_worker, {"it": started["it"].url}) as answer:
        seen = windows_until(one_worker, lambda seen: seen[-1]["errors"].get(kind, 0) > CLIENTS)
    assert answer["targets"]["it"]["answered"] == CLIENTS
    assert {name for one in seen for name in one["errors"]} == {kind}
    assert seen[-1]["connects"] >= seen[-1]["replies"] > 0
    assert seen[-1]["unanswered"] == 0


def test_second_copy_of_a_reply_is_corrupt(flooded: Callable[..., Any]) -> None:
    def copies(sock: socket.socket, message: bytes) -> None:
        sock.sendall(message)
        sock.sendall(message)

    _, seen = flooded(after_the_first(copies))
    assert list(seen["errors"]) == ["corrupt"]


def test_one_client_served_the_others_starve(flooded: Callable[..., Any]) -> None:
    answer, seen = flooded(lambda sock, number: (silent if number else echo)(sock, number), clients=6)
    assert answer == {"answered": 1, "errors": {}}
    assert seen["requests"] > 0
    assert seen["unanswered"] == seen["censored"] == total(seen["censored_hdr"]) == 5
    assert total(seen["latency_hdr"]) <= seen["replies"]


def test_late_answers_are_no_latencies(one_worker: Loader) -> None:
    """In the first window every reply is held back beyond the drain; in the second only those come."""
    release = threading.Event()

    def holds(sock: socket.socket, number: int) -> None:
        for turn, message in enumerate(messages(sock)):
            if turn == 1:
                release.wait(DEADLINE_S)
            if turn < 2:
                sock.sendall(message)

    with peers(it=holds) as started, opened(one_worker, {"it": started["it"].url}):
        held = one_worker.window("it", LENGTHS)
        release.set()
        after = one_worker.window("it", LENGTHS)
    assert held["replies"] == held["late"] == 0
    assert held["censored"] == total(held["censored_hdr"]) == CLIENTS
    assert HdrHistogram.decode(held["censored_hdr"]).get_min_value() >= LENGTHS["drain_limit_s"] * 1e9
    assert (held["unanswered"], after["unanswered"]) == (CLIENTS, 0)
    assert after["late"] == after["replies"] == CLIENTS
    assert after["requests"] == 0
    assert after["latency_hdr"] is None


def test_old_request_is_timed_out_and_its_connection_replaced(one_worker: Loader) -> None:
    lengths = LENGTHS | {"counted_s": 0.5, "drain_limit_s": 0.05, "request_timeout_s": 0.02}
    talk = after_the_first(lambda sock, message: None)
    with peers(it=talk) as started, opened(one_worker, {"it": started["it"].url}):
        first = one_worker.window("it", lengths)
        assert len(started["it"].sources) == CLIENTS
        second = one_worker.window("it", lengths)
    assert first["errors"] == second["errors"] == {"timed_out": CLIENTS}
    assert first["censored"] == second["censored"] == 0
    assert second["connects"] == CLIENTS
