"""The load generator as a process, against small servers whose conduct is known to the byte."""

import itertools
import socket
from collections.abc import Callable
from typing import Any

import pytest

from harness.processes.loader import Loader
from harness.processes.server import Server
from tests.support.peers import CLIENTS, LENGTHS, echo, messages, opened, peers, total
from tests.support.project import STRATEGIES


def test_correct_replies_are_counted_and_timed(flooded: Callable[..., Any]) -> None:
    answer, seen = flooded(echo, clients=7)
    assert answer == {"answered": 7, "errors": {}}
    assert 0 < seen["requests"] <= seen["replies"]
    assert 0 < total(seen["latency_hdr"]) <= seen["replies"]
    assert seen["latency_p99_ns"] > 0
    assert seen["counted_s"] == LENGTHS["counted_s"]
    nothing = ("late", "censored", "unanswered", "connects", "errors", "censored_hdr", "connect_hdr")
    assert not any(seen[key] for key in nothing)


def test_message_names_its_client_and_its_turn(one_worker: Loader) -> None:
    streams: dict[int, list[bytes]] = {}

    def listen(sock: socket.socket, number: int) -> None:
        for message in messages(sock, 11):
            streams.setdefault(number, []).append(message)
            sock.sendall(message)

    with peers(it=listen) as started, opened(one_worker, {"it": started["it"].url}, message_size=11):
        one_worker.window("it", LENGTHS)
    assert len({messages[0][:8] for messages in streams.values()}) == CLIENTS
    for said in streams.values():
        assert {message[:8] for message in said} == {said[0][:8]}
        assert all(one != next_ for one, next_ in itertools.pairwise(said))
        assert all(message.endswith(b"\r\n") and not {10, 13} & set(message[:-2]) for message in said)


def test_reply_in_pieces_is_whole(flooded: Callable[..., Any]) -> None:
    def in_pieces(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            sock.sendall(message[:5])
            sock.sendall(message[5:])

    _, seen = flooded(in_pieces)
    assert seen["replies"] > 0
    assert seen["errors"] == {}


def test_large_messages_take_partial_writes(flooded: Callable[..., Any]) -> None:
    answer, seen = flooded(echo, clients=2, message_size=2**20, lengths={"counted_s": 0.3, "drain_limit_s": 5.0})
    assert answer == {"answered": 2, "errors": {}}
    assert seen["replies"] > 0
    assert seen["errors"] == {}
    assert seen["censored"] == 0


@pytest.mark.parametrize("per_connection", [1, 3])
def test_connections_carry_so_many_requests(flooded: Callable[..., Any], per_connection: int) -> None:
    carried: dict[int, int] = {}

    def count(sock: socket.socket, number: int) -> None:
        carried[number] = 0
        for message in messages(sock):
            carried[number] += 1
            sock.sendall(message)

    _, seen = flooded(count, requests_per_connection=per_connection)
    assert seen["requests"] > 0
    assert seen["errors"] == {}
    assert 0 < seen["connects"] == total(seen["connect_hdr"])
    assert max(carried.values()) == per_connection
    assert sum(count != per_connection for count in carried.values()) <= CLIENTS  # each client's last one


@pytest.mark.parametrize("service", ["greet", "log"])
def test_services_of_one_request(one_worker: Loader, start: Callable[..., Server], service: str) -> None:
    server = start(STRATEGIES["epoll"], service)
    with opened(one_worker, {"epoll": server.endpoint.url}, service=service, requests_per_connection=1) as answer:
        seen = one_worker.window("epoll", LENGTHS)
    assert answer["targets"]["epoll"] == {"answered": CLIENTS, "errors": {}}
    assert 0 < seen["requests"] <= seen["replies"]
    assert seen["errors"] == {}
    assert seen["unanswered"] == 0
    assert 0 < seen["connects"] == total(seen["connect_hdr"])
    assert total(seen["latency_hdr"]) > 0


@pytest.mark.parametrize(
    ("service", "reply"),
    [("greet", b"Thank you for connecting\n"), ("greet", b"Thank you for connecting\r\n!"), ("log", b"63\r\n")],
)
def test_wrong_answer_of_a_service_is_corrupt(flooded: Callable[..., Any], service: str, reply: bytes) -> None:
    turns = itertools.count()
    right = {"greet": b"Thank you for connecting\r\n", "log": b"64\r\n"}[service]

    def answers(sock: socket.socket, number: int) -> None:
        if service == "log":
            sock.recv(64, socket.MSG_WAITALL)
        sock.sendall(right if next(turns) < CLIENTS else reply)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)

    answer, seen = flooded(answers, service=service, requests_per_connection=1)
    assert answer["answered"] == CLIENTS
    assert seen["replies"] == 0
    assert seen["errors"]["corrupt"] >= CLIENTS


def test_population_grows_and_shrinks(one_worker: Loader) -> None:
    with peers(it=echo) as started:
        for clients in (5, 1, 9):
            with opened(one_worker, {"it": started["it"].url}, clients=clients) as answer:
                assert answer["clients"] == [clients]
                assert answer["targets"]["it"]["answered"] == clients
