"""Two workers: together they are one load generator."""

import socket
import time
from itertools import pairwise

import psutil

from harness.processes import session
from harness.processes.loader import Loader
from tests.support.peers import LENGTHS, echo, messages, opened, peers, silent, total, windows_until


def test_two_workers_give_the_same_fields(one_worker: Loader, two_workers: Loader) -> None:
    seen = {}
    with peers(it=echo) as started:
        for loader in (one_worker, two_workers):
            with opened(loader, {"it": started["it"].url}, clients=6) as answer:
                assert answer["targets"]["it"] == {"answered": 6, "errors": {}}
                seen[loader] = loader.window("it", LENGTHS)
    one, two = seen[one_worker], seen[two_workers]
    assert two.keys() == one.keys()
    assert two["requests"] > 0
    assert two["errors"] == {}
    assert two["unanswered"] == two["censored"] == 0
    assert 0 < total(two["latency_hdr"]) <= two["replies"]


def test_two_workers_share_the_clients_evenly(two_workers: Loader) -> None:
    with peers(it=echo) as started:
        for clients in (6, 7, 2):
            with opened(two_workers, {"it": started["it"].url}, clients=clients) as answer:
                assert sorted(answer["clients"]) == [clients // 2, clients - clients // 2]


def test_two_workers_name_their_clients_apart(two_workers: Loader) -> None:
    names: set[bytes] = set()

    def listen(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            names.add(message[:8])
            sock.sendall(message)

    with peers(it=listen) as started, opened(two_workers, {"it": started["it"].url}, clients=8):
        pass
    assert len(names) == 8


def test_two_workers_start_together(two_workers: Loader) -> None:
    with peers(it=echo) as started, opened(two_workers, {"it": started["it"].url}, clients=2):
        windows_until(two_workers, lambda seen: seen[-1]["start_range_s"] < 0.02)  # else: whatever the machine does


def test_two_workers_add_what_they_saw(two_workers: Loader) -> None:
    with (
        peers(it=lambda sock, number: (silent if number < 2 else echo)(sock, number)) as started,
        opened(two_workers, {"it": started["it"].url}, clients=6) as answer,
    ):
        seen = two_workers.window("it", LENGTHS)
    assert answer["targets"]["it"]["answered"] == 4
    assert seen["unanswered"] == seen["censored"] == total(seen["censored_hdr"]) == 2


def test_a_worker_without_clients_rests_as_long_as_the_others_work(two_workers: Loader) -> None:
    with peers(it=echo) as started, opened(two_workers, {"it": started["it"].url}, clients=1):
        seen = two_workers.window("it", LENGTHS | {"head_s": 0.2, "counted_s": 0.2})
    assert seen["loader_wall_s"] > 1.5 * 0.4  # of both; a busy machine may start one late
    assert seen["busiest_share"] <= 1.01


def test_even_arrivals_of_two_workers_are_even_together(two_workers: Loader) -> None:
    """They come 100 ms apart, the workers' mixed; of two trains that know nothing of each other they don't."""
    came: dict[str, list[float]] = {}

    def listen(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            came.setdefault(sock.getpeername()[0], []).append(time.monotonic())
            sock.sendall(message)

    load = {"rate_rps": 10.0, "arrivals": "even", "backlog": 100}
    lengths = LENGTHS | {"head_s": 0.0, "counted_s": 1.5}
    for seed in (1, 2, 3, 4):
        with peers(it=listen) as started, opened(two_workers, {"it": started["it"].url}, clients=4):
            came.clear()
            two_workers.window("it", lengths, load | {"seed": seed})
        assert len(came) == 2  # each worker has a source address of its own
        instants = sorted(at for of in came.values() for at in of)
        apart_s = sorted(after - before for before, after in pairwise(instants))
        assert apart_s[len(apart_s) // 2] > 0.06
        assert apart_s[len(apart_s) // 4] > 0.04


def test_locust_listens_on_loopback_only(two_workers: Loader) -> None:
    pids = session.members(two_workers.pid)
    assert len(pids) == 3
    sockets = [sock for pid in pids for sock in psutil.Process(pid).net_connections("inet")]
    passive = [sock for sock in sockets if sock.status == psutil.CONN_LISTEN or sock.type == socket.SOCK_DGRAM]
    listening = [sock.laddr.ip for sock in passive]
    assert "127.0.0.1" in listening
    assert set(listening) == {"127.0.0.1"}
