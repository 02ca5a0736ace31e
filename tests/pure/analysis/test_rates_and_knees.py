"""Cells of an open loop, and of a search for the knee."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.judging import cells
from analysis.records.reading import read
from analysis.tables import run as table
from tests.support.made_up import at_rate, failure
from tests.support.sheets import chart_of
from tests.support.tabulated import cells_of, printed


def test_an_open_loop_has_a_row_for_each_rate(tmp_path: Path) -> None:
    kept_up = [at_rate("epoll", 2000, block=block, latencies=np.full(4000, 3e6), service=np.full(4000, 1e6),
                       dispatch=np.full(4000, 2e6)) for block in (0, 1)]  # fmt: skip
    drowned = [at_rate("epoll", 9000, achieved=6000, dropped=500, block=block, group=1, latencies=np.full(12_000, 9e6),
                       censored=5500) for block in (0, 1)]  # fmt: skip
    read = cells_of(tmp_path, kept_up + drowned).set_index("rate")
    assert list(read.index) == [2000, 9000]
    one = read.loc[2000]
    assert (one["offered_rps"], one["throughput_rps"], one["dropped"]) == (2000, pytest.approx(2000), 0)
    assert (one["limited_by"], one["verdict"]) == ("offered rate", "ok")
    whole = [one[f"{part}_us"] for part in ("p50", "service_p50", "dispatch_p50")]
    assert whole == pytest.approx([3000, 1000, 2000], rel=1e-3)
    other = read.loc[9000]
    assert (other["offered_rps"], other["throughput_rps"], other["dropped"]) == (9000, pytest.approx(6000), 1000)
    assert other["limited_by"] == "server"
    assert pd.isna(other["p99_us"])  # a third was never answered
    assert "p99 among requests without an answer (12,000 of 36,000)" in other["reason"]
    assert read["rank"].isna().all()


def test_a_knee_is_the_mean_of_what_was_confirmed(tmp_path: Path) -> None:
    made = []
    for block, found in enumerate((10_000, 12_100)):
        made += [at_rate("epoll", rate, load="knee", phase="search", block=block) for rate in (20_000, 15_000)]
        made += [at_rate("epoll", found, load="knee", phase="found", block=block, latencies=np.full(20_000, 5e6))]
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["knee_rps"] == pytest.approx(11_000)
    assert cell["knee_rps_low"] < 10_000 < 12_100 < cell["knee_rps_high"]
    assert (cell["windows"], cell["limited_by"]) == (2, "server")


def test_a_cell_without_a_knee_says_so(tmp_path: Path) -> None:
    made = [at_rate("slow", 100, load="knee", phase="search"), at_rate("epoll", 100, load="knee", phase="found")]
    cell = cells_of(tmp_path, made).set_index("strategy").loc["slow"]
    assert pd.isna(cell["knee_rps"])
    assert (cell["status"], cell["verdict"]) == ("failed", "doubtful")
    assert "no rate" in cell["reason"]


def knees(rates: dict[str, list[float]], **given: Any) -> list[dict[str, Any]]:
    """A search a block for each strategy: a step down to its rate (0: none found), however many steps it takes."""
    made = []
    for name, found in rates.items():
        for block, rate in enumerate(found):
            steps = block + len(name)
            made += [at_rate(name, 90_000, load="knee", phase="search", block=block, round=step, **given)
                     for step in range(steps)]  # fmt: skip
            if rate:
                made.append(at_rate(name, rate, load="knee", phase="found", block=block, round=steps,
                                    latencies=np.full(20_000, 5e6), **given))  # fmt: skip
    return made


def test_a_block_without_a_knee_is_told(tmp_path: Path) -> None:
    made = knees({"epoll": [9000, 9100, 9200], "slow": [9000, 0, 9100], "dies": [9000, 0, 9100]})
    made.append(failure("dies", status="failed", reason="exited with 1", load="knee", block=1))
    rows = cells_of(tmp_path, made).set_index("strategy")
    told = "no rate kept its p99 under the limit in 1 of 3 blocks"
    assert rows["status"].to_dict() == {"epoll": "ok", "slow": "incomplete", "dies": "incomplete"}
    assert rows["status_reason"].fillna("").to_dict() == {"epoll": "", "slow": told, "dies": "exited with 1"}
    assert f"slow: {told}" in printed(tmp_path)
    chart = chart_of("knee", read(tmp_path), cells.tabulate(read(tmp_path)))
    assert any("without a knee in some blocks: slow" in text.get_text() for text in chart.texts)


def test_a_search_that_was_interrupted_was_not_in_vain(tmp_path: Path) -> None:
    made = knees({"epoll": [9000, 9100, 0]})
    assert cells_of(tmp_path, made, outcome="interrupted").iloc[0]["status"] == "ok"


def test_knees_are_compared_in_the_block_however_long_each_search_took(tmp_path: Path) -> None:
    blocks = np.array([1.0, 1.01, 0.99, 1.0, 1.02, 0.98])
    made = knees({"epoll": list(10_000 * blocks), "twice": list(20_000 * blocks)})
    rows = cells_of(tmp_path, made).set_index("strategy")
    assert rows.loc["twice", "ratio"] == pytest.approx(2, rel=0.001)
    assert rows["rank"].to_dict() == {"epoll": 2, "twice": 1}
    assert re.search(rf"twice .* {table.TIMES} 2\.0", printed(tmp_path))


def test_knees_along_an_axis_have_a_ratio_and_a_chart(tmp_path: Path) -> None:
    made = [line for size, rate in ((1024, 5000), (65536, 10_000))
            for line in knees({"epoll": [rate, rate * 1.01, rate]}, recv_size=size, along="recv_size")]  # fmt: skip
    rows = cells_of(tmp_path, made).set_index("recv_size")
    assert rows.loc[1024, "ratio"] == pytest.approx(0.5, rel=0.001)
    assert "of 64 KiB" in printed(tmp_path)
    chart = chart_of("knee_vs_recv_size", read(tmp_path), cells.tabulate(read(tmp_path)))
    assert list(chart.axes[0].get_xticks()) == [1024, 65536]
