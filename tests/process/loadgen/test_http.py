"""Replies that vary, from made servers, in both hot loops: what is right and what is wrong is counted, to the one."""

import itertools
import random
import socket
import threading
import time
import xmlrpc.client
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from harness.processes.loader import Loader
from tests.support import http_peers
from tests.support.http_peers import RIGHT, SIZE, WRONG, of_chunks, of_length
from tests.support.peers import CLIENTS, LENGTHS, opened, peers

Send = Callable[[socket.socket, bytes], None]
WINDOWS = 2
SHORT = LENGTHS | {"counted_s": 0.05}


class Made:
    """A server that says what it is told to, and counts it."""

    def __init__(self, reply: Callable[[int], bytes], send: Send = socket.socket.sendall) -> None:
        self.reply, self.send = reply, send
        self.wrong: bytes = b""  # from now on, in place of the reply
        self.each = 1  # or of one in so many
        self.right_sent = self.wrong_sent = 0
        self.heads: set[bytes] = set()
        self._lock = threading.Lock()
        self._turns = itertools.count()

    def talk(self, sock: socket.socket, number: int) -> None:
        for request in http_peers.requests(sock):
            with self._lock:
                turn = next(self._turns)
                is_wrong = bool(self.wrong) and turn % self.each == self.each - 1
                self.right_sent += not is_wrong
                self.wrong_sent += is_wrong
                self.heads.add(request)
            self.send(sock, self.wrong if is_wrong else self.reply(turn))


def windows(loader: Loader, made: Made, **given: Any) -> Iterable[dict[str, Any]]:
    """One after the other, of the service http, as long as they are asked for."""
    with peers(it=made.talk) as started, opened(loader, {"it": started["it"].url}, service="http", **given) as answer:
        assert answer["targets"]["it"] == {"answered": CLIENTS, "errors": {}}
        while True:
            yield loader.window("it", SHORT)


def sums(seen: list[dict[str, Any]]) -> tuple[int, int, dict[str, int]]:
    """Right replies, what was open at the end, and errors by kind."""
    kinds = {kind for window in seen for kind in window["errors"]}
    errors = {kind: sum(window["errors"].get(kind, 0) for window in seen) for kind in kinds}
    return sum(window["replies"] for window in seen), seen[-1]["censored"], errors


def in_pieces(sock: socket.socket, reply: bytes) -> None:
    """In one to five parts, anywhere."""
    cuts = sorted(random.choices(range(len(reply)), k=random.randrange(5)))
    for start, end in itertools.pairwise([0, *cuts, len(reply)]):
        sock.sendall(reply[start:end])
        time.sleep(0)


@pytest.mark.parametrize("send", [socket.socket.sendall, in_pieces], ids=["at once", "in pieces"])
@pytest.mark.parametrize("kind", RIGHT)
def test_every_right_reply_is_counted(kind: str, send: Send, one_worker: Loader) -> None:
    made = Made(RIGHT[kind], send)
    seen = list(itertools.islice(windows(one_worker, made), WINDOWS))
    replies, still_open, errors = sums(seen)
    assert errors == {}
    assert replies > 0
    assert replies + CLIENTS <= made.right_sent <= replies + CLIENTS + still_open


@pytest.mark.parametrize("carries", [1, 3])
def test_connections_that_end_carry_as_many_requests_as_they_should(carries: int, one_worker: Loader) -> None:
    made = Made(RIGHT["with another date now and then"])
    seen = list(itertools.islice(windows(one_worker, made, requests_per_connection=carries), WINDOWS))
    replies, still_open, errors = sums(seen)
    assert errors == {}
    assert replies + CLIENTS <= made.right_sent <= replies + CLIENTS + still_open
    assert (
        replies // carries - CLIENTS <= sum(window["connects"] for window in seen) <= replies // carries + CLIENTS + 1
    )
    assert all((b"Connection: close" in head) == (carries == 1) for head in made.heads)


@pytest.mark.parametrize("kind", WRONG)
def test_every_wrong_reply_is_an_error(kind: str, one_worker: Loader) -> None:
    made = Made(RIGHT["by length"])
    going_on = iter(windows(one_worker, made))
    seen = [next(going_on)]
    made.wrong = WRONG[kind]
    while not made.wrong_sent:
        seen.append(next(going_on))
    replies, still_open, errors = sums(seen)
    assert set(errors) == {"corrupt"}
    assert errors["corrupt"] <= made.wrong_sent <= errors["corrupt"] + still_open
    assert replies + CLIENTS <= made.right_sent <= replies + CLIENTS + still_open


@pytest.mark.parametrize("right", ["by length", "in chunks", "with another date each time"])
def test_another_status_in_one_of_a_thousand_replies_is_found(right: str, one_worker: Loader) -> None:
    made = Made(RIGHT[right])
    going_on = iter(windows(one_worker, made))
    made.wrong, made.each = WRONG["status 500"], 1000
    seen = [next(going_on)]
    while made.wrong_sent < 2:
        seen.append(next(going_on))
    replies, still_open, errors = sums(seen)
    assert errors["corrupt"] <= made.wrong_sent <= errors["corrupt"] + still_open
    assert replies + CLIENTS <= made.right_sent <= replies + CLIENTS + still_open


def test_late_chunks_are_waited_for(one_worker: Loader) -> None:
    """Half a reply, and the rest a while later: such a latency has the pause in it."""

    def late(sock: socket.socket, reply: bytes) -> None:
        sock.sendall(reply[: len(reply) // 2])
        time.sleep(0.01)
        sock.sendall(reply[len(reply) // 2 :])

    made = Made(RIGHT["in chunks"], late)
    replies, _, errors = sums(seen := list(itertools.islice(windows(one_worker, made), WINDOWS)))
    assert errors == {}
    assert replies > 0
    assert all(window["held_s"] >= 0.01 * window["answered"] for window in seen)


def test_a_reply_that_stops_in_its_middle_is_closed(one_worker: Loader) -> None:
    def stops(sock: socket.socket, reply: bytes) -> None:
        if made.right_sent > CLIENTS:
            sock.sendall(reply[:-20])
            sock.shutdown(socket.SHUT_WR)
        else:
            sock.sendall(reply)

    made = Made(RIGHT["in chunks"], stops)
    _, _, errors = sums(list(itertools.islice(windows(one_worker, made), 1)))
    assert set(errors) == {"closed"}


def test_a_server_that_says_it_ends_a_connection_makes_no_error(one_worker: Loader) -> None:
    """By its Connection: close the client comes anew; in the bench's words the connection was replaced."""
    last = of_length().replace(b"Server: made", b"Connection: close")

    def says(sock: socket.socket, reply: bytes) -> None:
        sock.sendall(reply)
        if reply is last:
            sock.shutdown(socket.SHUT_WR)

    made = Made(lambda turn: last if turn % 10 == 9 else of_chunks(), says)
    seen = list(itertools.islice(windows(one_worker, made), WINDOWS))
    replies, still_open, errors = sums(seen)
    assert errors == {}
    assert sum(window["replaced"] for window in seen) > 0
    assert replies + CLIENTS <= made.right_sent <= replies + CLIENTS + still_open


def test_bodies_that_are_larger_than_a_read(one_worker: Loader) -> None:
    body = http_peers.Http(1 << 20).content
    made = Made(lambda turn: of_chunks(body, sizes=[60_000]) if turn % 2 else of_length(body))
    replies, _, errors = sums(list(itertools.islice(windows(one_worker, made, message_size=1 << 20), 1)))
    assert errors == {}
    assert replies > 0


# --- XML-RPC ------------------------------------------------------------------------------------------------------


def returns(spoil: Callable[[str], str]) -> Callable[[socket.socket, int], None]:
    def talk(sock: socket.socket, number: int) -> None:
        for request in http_peers.requests(sock):
            (text,), _ = xmlrpc.client.loads(request.partition(b"\r\n\r\n")[2])
            body = xmlrpc.client.dumps((spoil(str(text)),), methodresponse=True).encode()
            sock.sendall(of_length(body, kind="text/xml"))

    return talk


@pytest.mark.parametrize("carries", [0, 1])
def test_the_same_string_is_right(carries: int, one_worker: Loader) -> None:
    given: dict[str, Any] = {"service": "xmlrpc", "message_size": SIZE, "requests_per_connection": carries}
    with peers(it=returns(str)) as started, opened(one_worker, {"it": started["it"].url}, **given):
        seen = one_worker.window("it", LENGTHS)
    assert seen["errors"] == {}
    assert seen["requests"] > 0


def test_the_string_of_the_turn_before_is_wrong(one_worker: Loader) -> None:
    spoilt = returns(lambda text: text[:8] + "a" * (SIZE - 8))
    with peers(it=spoilt) as started, opened(one_worker, {"it": started["it"].url}, service="xmlrpc") as answer:
        seen = one_worker.window("it", LENGTHS)
    assert answer["targets"]["it"]["errors"] == {}  # all have begun with a
    assert seen["errors"]["corrupt"] > 0
