"""A crowd connects in turn: no server needs a queue as long as the crowd."""

import socket
import threading

from harness.processes.loader import Loader
from tests.support.peers import LENGTHS, echo, messages, peers, silent

EXCHANGE = {"service": "echo", "message_size": 64, "requests_per_connection": 0}
QUEUE = 2


def test_no_more_clients_connect_at_once_than_the_queue_holds(one_worker: Loader) -> None:
    come: list[tuple[int, int]] = []  # each connection, and how many were answered when it came
    answered: set[int] = set()
    lock = threading.Lock()

    def talk(sock: socket.socket, number: int) -> None:
        with lock:
            come.append((number, len(answered)))
        for message in messages(sock):
            with lock:
                answered.add(number)
            sock.sendall(message)

    with peers(it=talk) as started:
        try:
            opened = one_worker.open({"it": started["it"].url}, 9, EXCHANGE, queue=QUEUE)
            seen = one_worker.window("it", LENGTHS)
        finally:
            one_worker.close()
    assert opened["targets"]["it"]["answered"] == 9
    assert seen["unanswered"] == 0
    assert len(come) == 9
    assert all(before >= number // QUEUE * QUEUE for number, before in come), come


def test_those_that_starve_hold_up_nobody_who_comes_later(one_worker: Loader) -> None:
    def every_third(sock: socket.socket, number: int) -> None:
        (silent if number % 3 else echo)(sock, number)

    with peers(it=every_third) as started:
        try:
            opened = one_worker.open({"it": started["it"].url}, 6, EXCHANGE, queue=QUEUE)
        finally:
            one_worker.close()
    assert opened["targets"]["it"]["answered"] == 2


def test_two_workers_share_the_queue(two_workers: Loader) -> None:
    with peers(it=echo) as started:
        try:
            opened = two_workers.open({"it": started["it"].url}, 7, EXCHANGE, queue=1)
        finally:
            two_workers.close()
    assert opened["targets"]["it"] == {"answered": 7, "errors": {}}
