"""Handlers in the analysis: who answers before its handler is done, whose the CPU time is, what limits."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import read
from tests.support.made_up import MadeUp, window

MS = 1_000_000  # ns


def cells_of(folder: Path, records: list[dict[str, Any]], **facts: Any) -> dict[str, Any]:
    """By strategy."""
    made = MadeUp(capacity={"epoll": 1.0, "select": 1.0}, groups=())
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(json.dumps(made.run() | facts))
    (folder / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return {row["strategy"]: row for _, row in tabulate(read(folder)).iterrows()}


def handled(strategy: str, handler: str, took_ms: float, **given: Any) -> list[dict[str, Any]]:
    """Four blocks of ten clients with a handler of 5 ms, answered after so long."""
    requests = round(10 / took_ms * 1000)
    return [
        window(strategy, block=block, clients=10, handler=handler, handler_us=5000, counted_s=1.0,
               **{"requests": requests, "replies": requests, "loader_wall_s": 1.02, "server_cpu_s": 0.05,
                  "loader_cpu_s": 0.02, "latencies": np.full(requests, took_ms * MS)} | given)
        for block in range(4)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("handler", "took_ms", "is_honest"),
    [
        ("blocks", 5.05, True),
        ("blocks", 5.0, True),
        ("blocks", 4.7, False),
        ("blocks", 2.5, False),
        ("waits", 5.0, True),
        ("waits", 4.1, True),  # a timer of whole milliseconds
        ("waits", 2.5, False),
        ("waits", 0.1, False),
    ],
)
def test_who_answers_sooner_than_the_handler_takes_is_found(
    tmp_path: Path, handler: str, took_ms: float, is_honest: bool
) -> None:
    cell = cells_of(tmp_path, handled("epoll", handler, took_ms))["epoll"]
    found = [str(doubt) for doubt in cell["doubts"] if doubt.kind.code == "unhandled"]
    assert bool(found) != is_honest, found
    if found:
        assert f"replies sooner than {'4.9' if handler == 'blocks' else '3.8'} ms" in found[0]
        assert pd.isna(cell["rank"])


def test_one_in_a_hundred_is_enough(tmp_path: Path) -> None:
    latencies = np.full(2000, 5.1 * MS)
    latencies[:20] = 0.2 * MS
    cell = cells_of(tmp_path, handled("epoll", "blocks", 5.0, latencies=latencies))["epoll"]
    assert "unhandled" in [doubt.kind.code for doubt in cell["doubts"]]


def test_more_replies_than_clients_can_have_are_found(tmp_path: Path) -> None:
    """Where latencies are a sample, the rate tells it."""
    cell = cells_of(tmp_path, handled("epoll", "blocks", 5.0, requests=2100, latencies=np.full(100, 5.1 * MS)))["epoll"]
    (doubt,) = (doubt for doubt in cell["doubts"] if doubt.kind.code == "unhandled")
    assert str(doubt) == "answers before its handler is done (2,100 replies/s, where 2,000 are possible)"


@pytest.mark.parametrize(("cpu_us", "is_honest"), [(5300, True), (2100, True), (600, False)])
def test_who_computes_a_tenth_is_found_and_a_fast_moment_is_not(tmp_path: Path, cpu_us: float, is_honest: bool) -> None:
    records = handled("epoll", "computes", 50.0, server_cpu_s=200 * cpu_us / 1e6)
    cell = cells_of(tmp_path, records)["epoll"]
    assert ("unhandled" not in [doubt.kind.code for doubt in cell["doubts"]]) == is_honest


def test_bystanders_may_be_answered_at_once(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, handled("epoll", "blocks", 0.1, handler_of="one"))["epoll"]
    assert "unhandled" not in [doubt.kind.code for doubt in cell["doubts"]]


def test_cpu_time_is_split_by_what_iterations_took_in_each_block(tmp_path: Path) -> None:
    """5 ms were 50,000 iterations; in the second pair of blocks the CPU makes a fifth more of them in a millisecond."""
    records = handled("epoll", "computes", 50.0)
    for record in records:
        used_us = 5100 if record["block"] < 2 else 5000 / 1.2 + 100
        record["server_cpu_s"] = record["replies"] * used_us / 1e6
    surroundings = [
        {"cpu_s": 1, "steal_s": 0, "throttled": 0, "iterations_per_ms": n} for n in (1e4, 1e4, 1.2e4, 1.2e4)
    ]
    calibration = {"per_ms": 1e4, "low": 9e3, "high": 1.1e4}
    cell = cells_of(tmp_path, records, calibration=calibration, surroundings=surroundings)["epoll"]
    assert cell["handler_cpu_us_per_request"] == pytest.approx((5000 + 5000 / 1.2) / 2)
    assert cell["mechanism_cpu_us_per_request"] == pytest.approx(100, rel=1e-3)
    assert cell["mechanism_cpu_us_per_request_low"] <= 100.01 <= cell["mechanism_cpu_us_per_request_high"] + 0.02
    assert cell["limited_by"] == "handler"


def test_a_block_that_was_not_counted_leaves_no_interval(tmp_path: Path) -> None:
    surroundings = [{"cpu_s": 1, "steal_s": 0, "throttled": 0, "iterations_per_ms": n} for n in (1e4, None, 1e4, 1e4)]
    records = handled("epoll", "computes", 50.0, server_cpu_s=1.02)
    told = {"calibration": {"per_ms": 1e4, "low": 9e3, "high": 1.1e4}, "surroundings": surroundings}
    cell = cells_of(tmp_path, records, **told)["epoll"]
    assert cell["handler_cpu_us_per_request"] == pytest.approx(5000)
    assert pd.isna(cell["handler_cpu_us_per_request_low"])
    assert pd.isna(cell["mechanism_cpu_us_per_request_high"])


def test_a_handler_for_one_client_is_no_part_of_the_others_cost(tmp_path: Path) -> None:
    surroundings = [{"cpu_s": 1, "steal_s": 0, "throttled": 0, "iterations_per_ms": 1e4}] * 4
    records = handled("epoll", "computes", 0.1, handler_of="one", server_cpu_s=0.9)
    told = {"calibration": {"per_ms": 1e4, "low": 9e3, "high": 1.1e4}, "surroundings": surroundings}
    cell = cells_of(tmp_path, records, **told)["epoll"]
    assert pd.isna(cell["handler_cpu_us_per_request"])
    assert pd.isna(cell["mechanism_cpu_us_per_request"])
    assert cell["limited_by"] == "server"


@pytest.mark.parametrize(
    ("handler", "given", "limit"),
    [
        ("blocks", {}, "handler"),
        ("waits", {}, "handler"),
        ("waits", {"server_cpu_s": 0.97}, "server"),  # it has no time left
        ("blocks", {"server_cpu_s": 0.97}, "server"),
    ],
)
def test_what_limits(tmp_path: Path, handler: str, given: dict[str, Any], limit: str) -> None:
    assert cells_of(tmp_path, handled("epoll", handler, 5.1, **given))["epoll"]["limited_by"] == limit
