"""A latency ends when the kernel has the reply: in either hot loop, for each service, size and kind of connection."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from harness.processes.loader import Loader
from harness.processes.server import Server
from tests.support.peers import CLIENTS, LENGTHS, echo, opened, peers, total
from tests.support.project import STRATEGIES

SPIN_NS = 5_000_000
LONG = LENGTHS | {"counted_s": 0.3}
ECHO = {"service": "echo", "message_size": 64, "requests_per_connection": 0}
KINDS: dict[str, dict[str, Any]] = {
    "small": {},
    "in pieces": {"message_size": 1 << 20},
    "one a connection": {"requests_per_connection": 1},
    "three a connection": {"requests_per_connection": 3},
    "greet": {"service": "greet"},
    "log": {"service": "log"},
}


def mean_ns(encoded: str) -> float:
    return float(HdrHistogram.decode(encoded).get_mean_value())


@pytest.fixture
def slowed(start: Callable[..., Server], one_worker: Loader) -> Callable[..., dict[str, Any]]:
    """slowed(kind, stamps): a window of a loader that takes 5 ms for each reply, while the others' lie there."""

    def run(kind: str, stamps: bool) -> dict[str, Any]:
        exchange = ECHO | KINDS[kind]
        server = start(STRATEGIES["epoll"], exchange["service"])
        try:
            one_worker.open({"it": server.endpoint.url}, CLIENTS, exchange, stamps)
            return one_worker.window("it", LONG, {"spin_ns": SPIN_NS})
        finally:
            one_worker.close()

    return run


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "in pieces"])
def test_a_busy_loaders_own_delay_is_in_no_latency(kind: str, slowed: Callable[..., dict[str, Any]]) -> None:
    """But for what is too large for the kernel: its end can't come before its beginning is read."""
    seen = slowed(kind, True)
    assert seen["unstamped"] == 0
    assert 0 < total(seen["latency_hdr"]) == total(seen["arrival_hdr"]) == seen["answered"]
    latency_ns, delay_ns = mean_ns(seen["latency_hdr"]), mean_ns(seen["arrival_hdr"])
    held_ns = seen["held_s"] * 1e9 / seen["answered"]  # by our own clock, in which both are, and the hanging up
    assert latency_ns + delay_ns < 1.02 * held_ns
    # of a server that hangs up, what passes between its last byte and that is no part of the delay
    assert delay_ns > (0 if kind in ("greet", "log") else SPIN_NS / 10)


@pytest.mark.parametrize("kind", ["small", "one a connection"])
def test_without_stamps_a_latency_ends_where_the_loader_sees_it(
    kind: str, slowed: Callable[..., dict[str, Any]]
) -> None:
    seen = slowed(kind, False)
    assert seen["unstamped"] == total(seen["latency_hdr"]) == seen["answered"] > 0
    assert seen["arrival_hdr"] is None
    by_own_clock_ns = seen["held_s"] * 1e9 / seen["answered"]
    assert HdrHistogram.decode(seen["latency_hdr"]).get_mean_value() == pytest.approx(by_own_clock_ns, rel=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_one_request_in_so_many_is_drawn(kind: str, start: Callable[..., Server], one_worker: Loader) -> None:
    exchange = ECHO | KINDS[kind]
    server = start(STRATEGIES["epoll"], exchange["service"])
    try:
        one_worker.open({"it": server.endpoint.url}, CLIENTS, exchange)
        seen = [one_worker.window("it", LONG, None, every) for every in (1, 4)]
    finally:
        one_worker.close()
    assert total(seen[0]["latency_hdr"]) == seen[0]["answered"] > 0
    drawn, answered = total(seen[1]["latency_hdr"]), seen[1]["answered"]
    assert abs(drawn - answered / 4) <= 5 * (answered * 3 / 16) ** 0.5 + 1  # as of independent draws
    assert total(seen[1]["arrival_hdr"]) == drawn


def test_an_open_loops_parts_are_of_the_same_requests(one_worker: Loader) -> None:
    load = {"rate_rps": 400.0, "arrivals": "even", "backlog": 1000, "seed": 1}
    with peers(it=echo) as started, opened(one_worker, {"it": started["it"].url}):
        seen = one_worker.window("it", LONG, load, 3)
    drawn = total(seen["latency_hdr"])
    assert 0 < drawn < seen["answered"] == seen["offered"]
    assert total(seen["service_hdr"]) == total(seen["dispatch_hdr"]) == total(seen["arrival_hdr"]) == drawn


def test_every_client_is_among_those_drawn(one_worker: Loader) -> None:
    """No crowd is in step with the draws."""
    slow = 0.05

    def one_is_slow(sock: Any, number: int) -> None:
        while data := sock.recv(65536):
            time.sleep(0 if number else slow)
            sock.sendall(data)

    with peers(it=one_is_slow) as started, opened(one_worker, {"it": started["it"].url}, clients=2):
        seen = one_worker.window("it", LENGTHS | {"counted_s": 2.0}, None, 2)
    assert HdrHistogram.decode(seen["latency_hdr"]).get_max_value() > slow * 1e9
