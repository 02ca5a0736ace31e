"""What each worker of a server gave its clients, as either hot loop counts it, in one process or two."""

import socket
import time
from typing import Any

import pytest

from harness.processes.loader import Loader
from tests.support.peers import LENGTHS, Peer, echo, messages, opened, peers, total

SLOW_S = 0.02


def slow_first(sock: socket.socket, number: int) -> None:
    """The first client waits for each of its answers, the others don't."""
    if number:
        echo(sock, number)
    for message in messages(sock):
        time.sleep(SLOW_S)
        sock.sendall(message)


def workers_of(peer: Peer) -> dict[str, int]:
    """Worker 0 has the first client, 1 has the others, 2 has none."""
    assert len(peer.ends) == 4
    return {end: min(number, 1) for number, end in enumerate(peer.ends)} | {"127.0.0.1:1": 2}


def seen(loader: Loader, windows: int = 3, load: Any = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with peers(it=slow_first) as started, opened(loader, {"it": started["it"].url}, clients=4):
        found = [loader.window("it", LENGTHS, load) for _ in range(windows)]
        return loader.balance("it", workers_of(started["it"])), found


def assert_adds_up(told: dict[str, Any], windows: list[dict[str, Any]]) -> None:
    assert sum(worker["requests"] for worker in told["workers"].values()) == sum(one["replies"] for one in windows)
    assert told["elsewhere"] == 0
    sampled = sum(total(worker["latency_hdr"]) for worker in told["workers"].values())
    assert sampled == sum(total(one["latency_hdr"]) for one in windows) > 0


@pytest.mark.parametrize("load", [None, {"rate_rps": 200.0, "arrivals": "even", "backlog": 100, "seed": 1}])
def test_requests_and_latencies_by_worker_add_up(one_worker: Loader, load: Any) -> None:
    told, windows = seen(one_worker, load=load)
    assert_adds_up(told, windows)
    slow, others, idle = (told["workers"][name] for name in "012")
    assert [one["connections"] for one in (slow, others, idle)] == [1, 3, 0]
    assert 0 < slow["requests"] < others["requests"]
    assert (idle["requests"], idle["latency_hdr"]) == (0, None)


def test_two_processes_add_theirs(two_workers: Loader) -> None:
    told, windows = seen(two_workers)
    assert_adds_up(told, windows)
    assert [told["workers"][name]["connections"] for name in "012"] == [1, 3, 0]


def test_windows_of_a_slowed_loader_are_left_out(one_worker: Loader) -> None:
    with peers(it=echo) as started, opened(one_worker, {"it": started["it"].url}, clients=4):
        plain = one_worker.window("it", LENGTHS)
        one_worker.window("it", LENGTHS, {"spin_ns": 1000})
        assert_adds_up(one_worker.balance("it", workers_of(started["it"])), [plain])


def test_whom_no_worker_has_is_told_apart(one_worker: Loader) -> None:
    with peers(it=echo) as started, opened(one_worker, {"it": started["it"].url}, clients=4):
        window = one_worker.window("it", LENGTHS)
        told = one_worker.balance("it", {started["it"].ends[0]: 0})
    assert told["elsewhere"] + told["workers"]["0"]["requests"] == window["replies"]
    assert told["elsewhere"] > 0 < told["workers"]["0"]["requests"]
