"""The open loop: requests start when their time has come, whatever the server does; both hot loops."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from loadgen import histogram
from tests.support.peers import LENGTHS, Auditor, echo, opened, peers, silent, total, windows_until

SECOND = 10**9
OPEN = {"rate_rps": 400.0, "arrivals": "poisson", "backlog": 1000, "seed": 1}


def percentile(encoded: str, percent: float) -> float:
    """Seconds."""
    return float(HdrHistogram.decode(encoded).get_value_at_percentile(percent)) / SECOND


@pytest.fixture
def loaded(one_worker: Auditor) -> Callable[..., dict[str, Any]]:
    """loaded(talk, load, lengths): one window under that open load."""

    def run(
        talk: Callable[..., None], load: dict[str, Any], lengths: dict[str, float] | None = None, clients: int = 3
    ) -> dict[str, Any]:
        with peers(it=talk) as started, opened(one_worker, {"it": started["it"].url}, clients):
            return one_worker.window("it", LENGTHS | (lengths or {}), OPEN | load)

    return run


@pytest.mark.parametrize("process", ["poisson", "even"])
def test_all_that_is_offered_is_answered(loaded: Callable[..., dict[str, Any]], process: str) -> None:
    seen = loaded(echo, {"arrivals": process}, {"counted_s": 0.5})
    assert seen["offered"] == pytest.approx(200, abs=60)
    assert total(seen["latency_hdr"]) == seen["offered"] - seen["unfinished"] == seen["offered"]
    assert seen["dropped"] == seen["censored"] == 0
    assert seen["rate_rps"] == 400
    assert not seen["errors"]


def test_a_window_without_an_arrival_lasts_as_long_as_the_others(loaded: Callable[..., dict[str, Any]]) -> None:
    """Else the servers' and the load generator's shares of it would be of no time at all."""
    seen = loaded(echo, {"rate_rps": 0.001})
    assert seen["offered"] == 0
    assert seen["loader_wall_s"] >= LENGTHS["counted_s"]


def test_latency_is_dispatch_and_service(loaded: Callable[..., dict[str, Any]]) -> None:
    """Request by request in the log; here by the means, of which histograms keep three digits."""
    seen = loaded(echo, {}, {"counted_s": 0.5})
    names = ("latency_hdr", "dispatch_hdr", "service_hdr")
    means = {name: HdrHistogram.decode(seen[name]).get_mean_value() for name in names}
    assert means["latency_hdr"] == pytest.approx(means["dispatch_hdr"] + means["service_hdr"], rel=0.01)
    counts = {total(seen[name]) for name in means}
    assert counts == {seen["offered"]}


def stalling(for_s: float, after: int) -> Callable[..., None]:
    """Echoes; after so many messages of all clients it does nothing for a while, once."""
    gate, count, lock = threading.Event(), itertools.count(), threading.Lock()

    def talk(sock: Any, number: int) -> None:
        while data := sock.recv(65536):
            with lock:  # one for all: while one waits the others do
                if next(count) == after:
                    gate.wait(for_s)
            sock.sendall(data)

    return talk


def test_stall_is_in_the_open_loop_s_tail_and_hidden_from_the_closed_one_s(one_worker: Auditor) -> None:
    """One stall of a second: most requests of that second are slow, but a closed loop has three of them."""
    lengths = LENGTHS | {"head_s": 0.0, "counted_s": 2.0}  # without a head it counts however soon it comes
    with peers(it=stalling(1.0, 100)) as started, opened(one_worker, {"it": started["it"].url}):
        of_open = one_worker.window("it", lengths, OPEN)
    with peers(it=stalling(1.0, 500)) as started, opened(one_worker, {"it": started["it"].url}):
        closed = windows_until(
            one_worker, lambda seen: percentile(seen[-1]["latency_hdr"], 100) > 0.9, lengths | {"drain_limit_s": 2.0}
        )
    assert percentile(of_open["latency_hdr"], 90) > 0.5
    assert of_open["offered"] == total(of_open["latency_hdr"])
    assert percentile(of_open["service_hdr"], 90) < 0.5  # so the rest is what they waited for a client
    of_closed = histogram.merge([window["latency_hdr"] for window in closed])
    assert of_closed is not None
    assert percentile(of_closed, 99) < 0.5


def test_stall_at_the_window_s_edge_is_not_lost(loaded: Callable[..., dict[str, Any]]) -> None:
    """It begins before the window's end and is waited for, with all that was meant to start meanwhile."""
    seen = loaded(stalling(1.0, 60), {"arrivals": "even"}, {"counted_s": 0.3})
    assert seen["offered"] == total(seen["latency_hdr"]) == pytest.approx(120, abs=1)
    assert seen["unfinished"] == 0
    assert seen["drain_s"] > 0.5
    assert percentile(seen["latency_hdr"], 100) > 0.9


def test_what_finds_no_room_is_dropped_and_counted(loaded: Callable[..., dict[str, Any]]) -> None:
    seen = loaded(stalling(1.0, 20), {"backlog": 10}, {"counted_s": 0.5})
    assert seen["dropped"] > 50
    assert seen["unfinished"] >= seen["dropped"]
    assert seen["offered"] == seen["unfinished"] + total(seen["latency_hdr"])
    assert seen["latency_p99_ns"] > 3600 * SECOND  # it lies among them


def after_a_while_silent(sock: Any, number: int) -> None:
    for _ in range(5):
        sock.sendall(sock.recv(65536))
    silent(sock, number)


def test_window_ends_when_the_last_has_timed_out(loaded: Callable[..., dict[str, Any]]) -> None:
    seen = loaded(after_a_while_silent, {}, {"counted_s": 0.2, "request_timeout_s": 0.3})
    assert seen["loader_wall_s"] < 5
    assert seen["drain_s"] >= 0.25
    assert seen["errors"].get("timed_out", 0) + seen["censored"] == 3  # each client's last request
    assert seen["unfinished"] > 3
    assert seen["dropped"] == seen["unfinished"] - 3


def test_client_whose_connection_broke_connects_anew(one_worker: Auditor) -> None:
    """Where it was closed between two requests, which is no error of either, it is replaced."""

    def ends(sock: socket.socket, number: int) -> None:
        for _ in range(4):
            sock.sendall(sock.recv(65536))
        sock.sendall(sock.recv(65536), socket.MSG_MORE)  # it leaves with the end, which no request can cross then

    with peers(it=ends) as started, opened(one_worker, {"it": started["it"].url}):
        lengths = LENGTHS | {"counted_s": 0.3}
        (*_, seen) = windows_until(one_worker, lambda seen: seen[-1]["replaced"] > 5, lengths, OPEN)
    assert seen["connects"] > 5
    assert total(seen["latency_hdr"]) > 20


def test_closed_windows_go_on_after_an_open_one(one_worker: Auditor) -> None:
    with peers(it=echo) as started, opened(one_worker, {"it": started["it"].url}):
        first = one_worker.window("it", LENGTHS, OPEN)
        second = one_worker.window("it", LENGTHS)
        third = one_worker.window("it", LENGTHS, OPEN)
    assert first["offered"] > 0
    assert second["offered"] is None
    assert second["requests"] > 0
    assert third["offered"] == total(third["latency_hdr"])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Auditor]:
    loader = Auditor(2, None, tmp_path_factory.mktemp("loader"))
    loader.wait_ready()
    yield loader
    loader.stop()


def test_workers_share_the_rate(two: Auditor) -> None:
    with peers(it=echo) as started, opened(two, {"it": started["it"].url}, clients=4):
        seen = two.window("it", LENGTHS | {"counted_s": 0.5}, OPEN | {"arrivals": "even", "rate_rps": 800.0})
    assert seen["offered"] == pytest.approx(400, abs=2)
    assert seen["rate_rps"] == 800
    assert total(seen["latency_hdr"]) == seen["offered"]


def test_worker_without_clients_does_nothing(two: Auditor) -> None:
    with peers(it=echo) as started, opened(two, {"it": started["it"].url}, clients=1):
        closed = two.window("it", LENGTHS)
        seen = two.window("it", LENGTHS | {"counted_s": 0.3}, OPEN | {"arrivals": "even"})
    assert closed["requests"] > 0
    assert seen["offered"] == total(seen["latency_hdr"]) == pytest.approx(120, abs=1)


def test_slices_tell_in_which_part_of_a_window_the_server_paused(loaded: Callable[..., dict[str, Any]]) -> None:
    """It stands still for 0.4 s once, after 300 messages: whoever was meant to start then waits."""
    heard = itertools.count()
    pause = threading.Lock()

    def pausing(sock: socket.socket, number: int) -> None:
        while data := sock.recv(4096):
            with pause:
                if next(heard) == 300:
                    threading.Event().wait(0.4)
            sock.sendall(data)

    seen = loaded(pausing, {"arrivals": "even"}, {"counted_s": 2.0, "slice_s": 0.5, "drain_limit_s": 2.0})
    slices = seen["slices"]
    assert len(slices) == 4
    assert sum(one["offered"] for one in slices) == seen["offered"]
    assert sum(one["answered"] for one in slices) == seen["offered"] - seen["unfinished"]
    assert sum(total(one["latency_hdr"]) for one in slices) == total(seen["latency_hdr"])
    longest = [percentile(one["latency_hdr"], 100) for one in slices]
    assert max(longest) > 0.3
    assert max(one["service_max_ns"] for one in slices) > 0.3 * SECOND


def test_a_window_that_is_not_sliced_tells_no_slices(loaded: Callable[..., dict[str, Any]]) -> None:
    assert loaded(echo, {})["slices"] is None
