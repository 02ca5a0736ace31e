"""Whoever waits counts, and a slowed loader is felt: in either hot loop, for each service, size, kind of connection."""

import itertools
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from harness.processes.loader import Loader
from harness.processes.server import Server
from tests.support.peers import CLIENTS, DEADLINE_S, LENGTHS, echo, messages, opened, peers, windows_until
from tests.support.project import STRATEGIES

SPIN_NS = 2_000_000
# What a request may be: small and kept, in pieces, ending its connection, and the services that end it themselves.
KINDS = {
    "small": {},
    "large": {"message_size": 1 << 20},
    "one a connection": {"requests_per_connection": 1},
    "three a connection": {"requests_per_connection": 3},
    "greet": {"service": "greet"},
    "log": {"service": "log"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_slowed_loader_is_felt(kind: str, start: Callable[..., Server], one_worker: Loader) -> None:
    """Each reply takes it that much longer, so a second has room for no more."""
    server = start(STRATEGIES["epoll"], KINDS[kind].get("service", "echo"))
    with opened(one_worker, {"it": server.endpoint.url}, **KINDS[kind]):
        seen = one_worker.window("it", LENGTHS, {"spin_ns": SPIN_NS})
    assert 0 < seen["requests"] <= LENGTHS["counted_s"] * 1e9 / SPIN_NS + 1


class HangsAfter:
    """The first client is answered so often, then never again (`hangs`); the others always."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self.hangs = threading.Event()

    def __call__(self, sock: socket.socket, number: int) -> None:
        for said, message in enumerate(messages(sock)):
            if number or said < self._answers:
                sock.sendall(message)
            else:
                self.hangs.set()


@pytest.mark.parametrize("answers", [0, 1, 20])
def test_a_client_that_hangs_starves(answers: int, one_worker: Loader) -> None:
    """Also one that was served before: in the last window it waits from end to end."""
    talk = HangsAfter(answers)
    with peers(it=talk) as started, opened(one_worker, {"it": started["it"].url}):
        windows_until(one_worker, lambda seen: talk.hangs.is_set())
        window = one_worker.window("it", LENGTHS)
    assert window["unanswered"] == 1
    assert window["unfinished"] == 1
    assert window["latency_p99_ns"] < LENGTHS["counted_s"] * 1e9  # a longer window would not show more of it


def test_a_client_that_hangs_in_an_open_loop_starves(one_worker: Loader) -> None:
    """It waits through all of the drain, and a new connection stands in for it in the next window."""
    load = {"rate_rps": 300.0, "arrivals": "even", "backlog": 1000, "seed": 1}
    lengths = LENGTHS | {"counted_s": 0.4, "request_timeout_s": 0.3}
    with peers(it=HangsAfter(20)) as started, opened(one_worker, {"it": started["it"].url}):
        seen = [one_worker.window("it", lengths, load) for _ in range(2)]
    assert [window["unanswered"] for window in seen] == [1, 0]
    assert seen[0]["unfinished"] == 1
    assert seen[0]["errors"] == {"timed_out": 1} or seen[0]["censored"] == 1


def test_a_client_that_was_served_in_the_block_and_waits_a_little_does_not_starve(one_worker: Loader) -> None:
    with peers(it=echo) as started, opened(one_worker, {"it": started["it"].url}):
        assert [one_worker.window("it", LENGTHS)["unanswered"] for _ in range(2)] == [0, 0]


def test_what_was_asked_in_the_head_and_is_open_at_the_end_is_slower_than_any_answer(one_worker: Loader) -> None:
    """It was not among the latencies once, as it was sent before they count."""
    answered = itertools.count()
    ended = threading.Event()

    def stalls(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            if next(answered) >= 2 * CLIENTS:
                ended.wait(DEADLINE_S)
            sock.sendall(message)

    with peers(it=stalls) as started, opened(one_worker, {"it": started["it"].url}):
        seen = one_worker.window("it", LENGTHS)
        ended.set()
    assert seen["censored"] == seen["unfinished"] == CLIENTS


def test_a_reply_before_its_request_is_sent_is_early(one_worker: Loader) -> None:
    """Whoever knows the answer has not read the question; more than the kernel can hold is still to come."""
    size = 16 << 20
    ended = threading.Event()

    def knows(sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)  # else the kernel may hold all of a message
        if not number:
            sock.sendall(sock.recv(size, socket.MSG_WAITALL))  # the exchange that opens: this server can be asked
        while head := sock.recv(9, socket.MSG_WAITALL):
            sock.sendall(head + head[8:] * (size - 11) + b"\r\n")
            ended.wait(DEADLINE_S)  # the connection stays, and the rest of the message unread

    exchange: dict[str, Any] = {"service": "echo", "message_size": size, "requests_per_connection": 0}
    with peers(it=knows) as started:
        answer = one_worker.open({"it": started["it"].url}, 1, exchange)
        try:
            assert answer["targets"]["it"] == {"answered": 1, "errors": {}}
            seen = one_worker.window("it", LENGTHS | {"drain_limit_s": DEADLINE_S})
        finally:
            ended.set()
            one_worker.close()
    assert seen["errors"]["early"] >= 1
    assert seen["requests"] == 0
