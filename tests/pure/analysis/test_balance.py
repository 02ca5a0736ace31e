"""Who got the connections, on made-up numbers with known answers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.judging.balance import Balance, balances, drawn_by_lot, variation, write
from analysis.records import reading as records
from analysis.statistics import half_width
from tests.support.made_up import folder_of, histogram, row


def worker(block: int, number: int, connections: int, requests: int, latency_ms: float = 1.0) -> dict[str, Any]:
    latencies = np.full(max(requests, 1), latency_ms * 1e6) if requests else ()
    told = {"connections": connections, "requests": requests, "latency_hdr": histogram(latencies) if requests else None}
    return row("balance", {"strategy": "prefork", "block": block, "worker": number} | told)


def balance(folder: Path, *blocks: list[tuple[int, int, float]]) -> Balance:
    rows = [worker(block, number, *of) for block, workers in enumerate(blocks) for number, of in enumerate(workers)]
    (found,) = balances(records.read(folder_of(folder, rows))).values()
    return found


def test_workers_are_in_the_order_of_their_requests_and_idle_ones_count(tmp_path: Path) -> None:
    found = balance(
        tmp_path,
        [(1, 2000, 1.0), (3, 6000, 3.0), (0, 0, 0.0), (0, 0, 0.0)],
        [(0, 0, 0.0), (1, 4000, 2.0), (2, 4000, 4.0), (1, 2000, 2.0)],
    )
    assert (found.blocks, found.idle) == (2, 1.5)
    assert [one.connections for one in found.by_worker] == [2.5, 1, 0.5, 0]
    shares = [(0.75, 0.4), (0.25, 0.4), (0, 0.2), (0, 0)]
    for one, of_blocks in zip(found.by_worker, shares, strict=True):
        half = half_width(of_blocks)
        assert one.share == pytest.approx(
            (np.mean(of_blocks), max(0, np.mean(of_blocks) - half), np.mean(of_blocks) + half)
        )
    first = (np.std([1, 3, 0, 0]) + np.std([0, 1, 2, 1])) / 2  # of one connection a worker in the mean
    assert found.connections_cv.value == pytest.approx(first)
    assert found.requests_cv.value == pytest.approx((np.std([1, 3, 0, 0]) + np.std([0, 4, 4, 2]) / 2.5) / 2)
    busiest, second, third, last = (one.p99_us.value for one in found.by_worker)
    assert busiest == pytest.approx(4000, rel=0.001)  # of both blocks' latencies, which weigh alike
    assert second == pytest.approx(2000, rel=0.001)
    assert third == pytest.approx(2000, rel=0.001)
    assert np.isnan(last)


def test_a_coefficient_of_variation_is_of_all_workers() -> None:
    assert variation(np.array([2, 2, 2])) == 0
    assert variation(np.array([4, 0])) == 1
    assert np.isnan(variation(np.array([0, 0])))


@pytest.mark.parametrize(
    ("blocks", "lot"),
    [
        ([[2, 2, 2, 3]] * 3, "even"),
        ([[25, 25, 26, 24]] * 4, "more even"),
        ([[100, 0, 0, 0]] * 2, "less even"),
        ([[31, 20, 22, 27], [24, 19, 30, 27]], "by lot"),
        ([[1, 1, 1, 1]], "by lot"),  # one block of four clients tells nothing: a draw in eleven gives it
        ([[1, 1, 1, 1]] * 6, "even"),
    ],
)
def test_what_connections_look_like(blocks: list[list[int]], lot: str) -> None:
    assert drawn_by_lot([np.array(counts) for counts in blocks])[0] == lot


@pytest.mark.parametrize("clients", [4, 100, 500])
def test_a_fair_draw_is_hardly_ever_called_something_else(clients: int) -> None:
    random = np.random.default_rng(7)
    runs = [[random.multinomial(clients, [0.25] * 4) for _ in range(8)] for _ in range(300)]
    wrong = np.mean([drawn_by_lot(blocks)[0] != "by lot" for blocks in runs])
    assert wrong <= 0.02


def test_an_unfair_draw_is_found() -> None:
    random = np.random.default_rng(7)
    runs = [[random.multinomial(500, [0.31, 0.23, 0.23, 0.23]) for _ in range(8)] for _ in range(200)]
    assert np.mean([drawn_by_lot(blocks)[0] == "less even" for blocks in runs]) > 0.95


def test_a_file_has_a_row_for_each_worker(tmp_path: Path) -> None:
    rows = [worker(block, number, 2 + number, 1000 * (2 + number)) for block in range(2) for number in range(3)]
    results = records.read(folder_of(tmp_path, rows))
    path = write(results, balances(results))
    assert path == tmp_path / "balance.csv"
    told = pd.read_csv(path)
    assert told["place"].to_list() == [1, 2, 3]
    assert told["share"].sum() == pytest.approx(1)
    assert told["connections"].to_list() == [4, 3, 2]
    assert set(told["lot"]) == {"by lot"}


def test_without_workers_there_is_no_file(tmp_path: Path) -> None:
    results = records.read(folder_of(tmp_path, []))
    assert balances(results) == {}
    assert write(results, {}) is None
