"""Runs that tell which worker got the connections, and the requests with them."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.bench import Bench, misbehaving
from tests.support.peers import total

CLIENTS = 9
PROCESSES = {"prefork": 4, "prefork-reuseport": 4, "hand-over": 4}
THREADS = {"thread-loops": 4, "thread-loops-reuseport": 4, "marking": 3}
WORKERS = PROCESSES | THREADS
SETTINGS = """
[verdict]
perturb_from_share = 0.0
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
[profiles.tiny]
blocks = 2
rounds = 2
matrix = [
    { service = ["echo"], clients = [9], sizes = [64] },%s
]
[strategies]
silent = { command = "%s", workers = 3, marks = true }
untold = { command = "%s", workers = 3 }
marking = { command = "%s", workers = 3, marks = true }
"""
COMMAND = misbehaving("marking.py") + " {options}"
UNASKED = misbehaving("marking.py") + " --host {host} --port {port} --backlog {backlog}"
ENDING = '\n    { service = ["echo"], clients = [3], sizes = [64], requests_per_connection = [1] },'
Cell = tuple[str, int]  # strategy and block


def settings(more: str = "") -> str:
    return SETTINGS % (more, UNASKED, COMMAND, COMMAND)


@pytest.fixture(scope="module", params=["1", "2"])
def bench(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """Of one load generator process and of two."""
    strategies = ",".join([*WORKERS, "silent", "untold", "epoll"])
    options = ("--profile", "tiny", "--strategies", strategies, "--workers", request.param)
    bench = Bench(tmp_path_factory.mktemp("balance"), {}, *options, settings=settings())
    try:
        assert bench.ended() == 0, bench.output
        yield bench
    finally:
        bench.close()


def by_cell(bench: Bench, kind: str) -> dict[Cell, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in bench.rows():
        if row["kind"] == kind:
            found[row["strategy"], row["block"]].append(row)
    return dict(found)


def test_every_block_tells_of_every_worker(bench: Bench) -> None:
    found = by_cell(bench, "balance")
    # threads that don't say it, asked or not, are told apart by nobody
    assert set(found) == {(name, block) for name in WORKERS for block in range(2)}, bench.output
    for (name, _), rows in found.items():
        assert [row["worker"] for row in rows] == list(range(WORKERS[name]))
        assert sum(row["connections"] for row in rows) == CLIENTS
        assert all((row["connections"] > 0) == (row["requests"] > 0) for row in rows)


def test_requests_by_worker_add_up_to_the_replies_of_the_windows(bench: Bench) -> None:
    windows = by_cell(bench, "window")
    assert by_cell(bench, "perturbed")  # which aren't among them
    for cell, rows in by_cell(bench, "balance").items():
        assert sum(row["requests"] for row in rows) == sum(window["replies"] for window in windows[cell]) > 0
        sampled = sum(total(window["latency_hdr"]) for window in windows[cell])
        assert sum(total(row["latency_hdr"]) for row in rows) == sampled > 0


def test_a_parent_that_hands_over_gives_each_as_many(bench: Bench) -> None:
    for block in range(2):
        rows = by_cell(bench, "balance")["hand-over", block]
        assert sorted(row["connections"] for row in rows) == [2, 2, 2, 3]


def test_threads_have_what_they_say(bench: Bench) -> None:
    for block in range(2):
        assert [row["connections"] for row in by_cell(bench, "balance")["marking", block]] == [6, 3, 0]


def test_connections_that_end_have_no_balance_and_aren_t_asked_for_marks(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    options = ("--profile", "tiny", "--strategies", "marking,prefork")
    bench = Bench(tmp_path_factory.mktemp("ending"), {}, *options, settings=settings(ENDING))
    try:
        assert bench.ended() == 0, bench.output
        told = {(row["strategy"], row["clients"]) for row in bench.rows() if row["kind"] == "balance"}
        assert told == {("prefork", CLIENTS)}
        assert "WORKER" not in (bench.folder / "logs/block-0-echo/marking.out").read_text()
    finally:
        bench.close()
