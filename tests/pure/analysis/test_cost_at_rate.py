"""Cost and latency at the same rate: mean latencies whose truth is known, the tables, the chart and the section."""

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from analysis.drawing.charts import figures
from analysis.judging.at_rate import rates, sentence
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from analysis.tables import at_rate as table
from tests.support.made_up import at_rate, folder_of, window
from tests.support.pages import rendered

MS = 10**6


def run(tmp_path: Path, **given: Any) -> Results:
    """Two strategies at two rates; the dear one takes twice the CPU and three times as long."""
    records = [
        at_rate(name, rate, block=block, group=group, server_cpu_s=rate * 2 * cpu * 1e-6,
                latencies=np.full(round(rate * 2), took * MS), **given)
        for block in range(4)
        for group, rate in enumerate((100, 2000))
        for name, cpu, took in (("epoll", 20, 1), ("threading", 40, 3))
    ]  # fmt: skip
    return read(folder_of(tmp_path, records))


def test_the_mean_is_that_of_the_requests_blocks_weighing_alike(tmp_path: Path) -> None:
    """In one block there are ten times as many, and they take 4 ms instead of 2."""
    records = [
        window("epoll", block=0, latencies=np.full(100, 2 * MS)),
        window("epoll", block=1, latencies=np.full(1000, 4 * MS)),
    ]
    (cell,) = tabulate(read(folder_of(tmp_path, records))).to_dict("records")
    assert cell["mean_us"] == pytest.approx(3000, rel=0.002)
    assert cell["mean_us_low"] < 3000 < cell["mean_us_high"]


def test_there_is_no_mean_where_a_request_stayed_open(tmp_path: Path) -> None:
    records = [window("epoll", block=block, latencies=np.full(100, MS), unfinished=block) for block in range(2)]
    (cell,) = tabulate(read(folder_of(tmp_path, records))).to_dict("records")
    assert np.isnan(cell["mean_us"])


def test_at_each_rate_the_cheapest_comes_first(tmp_path: Path) -> None:
    results = run(tmp_path)
    low, high = rates(results, tabulate(results))
    assert [row.name for row in low.rows] == [row.name for row in high.rows] == ["epoll", "threading"]
    assert high.rows[0].cost.startswith("20.0 µs")
    assert high.rows[1].latency.startswith("3.00 ms")
    assert sentence(high).endswith("from 20.0 µs (20.0 µs to 20.0 µs) (epoll) to 40.0 µs (40.0 µs to 40.0 µs) "
                                   "(threading) of CPU time a request.")  # fmt: skip


def test_terminal_chart_and_page_have_it(tmp_path: Path) -> None:
    results = run(tmp_path)
    cells = tabulate(results)
    text = StringIO()
    table.render(results, cells, Console(file=text, width=120))
    assert "Cost: " in text.getvalue()
    assert "40.0 µs" in text.getvalue()
    assert "cost_and_latency" in dict(figures(results, cells))
    html = rendered(tmp_path)
    assert 'id="cost"' in html
    assert "3.00 ms" in html


def test_one_alone_is_not_compared(tmp_path: Path) -> None:
    results = read(folder_of(tmp_path, [at_rate("epoll", 100, block=block) for block in range(2)]))
    assert list(rates(results, tabulate(results))) == []
    assert 'id="cost"' not in rendered(tmp_path)


def test_the_page_says_how_long_processes_lived(tmp_path: Path) -> None:
    records = [window("epoll", block=0, round=round_, started_at=1.8e9 + round_ * 10) for round_ in range(4)]
    folder_of(tmp_path, records)
    assert "A server process lived" in (html := rendered(tmp_path))
    assert "at most 30 s from its first window" in html
