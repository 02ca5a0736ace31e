"""What the load generator adds to a latency, and what connecting takes: known numbers through the whole analysis."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.judging import cells
from analysis.records.reading import read
from analysis.tables import run as run_table
from tests.support.made_up import folder_of, histogram, window


def told(folder: Path, **given: Any) -> pd.Series:
    """A cell of two blocks whose windows are alike."""
    made = [window("epoll", **{"block": block, "clients": 10} | given) for block in (0, 1)]
    return cells.tabulate(read(folder_of(folder, made))).iloc[0]


# 12,000 requests in a tenth of a second, one in ten of them looked at: 70 µs until the kernel had the reply, and ...
STAMPED = {"requests": 12_000, "answered": 12_000, "latencies": np.full(1200, 70_000), "unstamped": 0}
# ... 13.3 µs more until the loader saw it: then ten clients are busy all the time.
LATE = {"arrival_hdr": histogram(np.full(1200, 13_333)), "held_s": 12_000 * 83.333e-6}


def test_littles_law_adds_the_loaders_delay_back(tmp_path: Path) -> None:
    cell = told(tmp_path, **STAMPED, **LATE)
    assert cell["p50_us"] == pytest.approx(70, rel=1e-3)
    assert cell["littles_law"] == pytest.approx(1, rel=1e-3)
    assert cell["loader_delay_p50_us"] == cell["loader_delay_p99_us"] == pytest.approx(13.33, rel=1e-3)


def test_the_loaders_delay_is_no_doubt_where_latencies_end_at_the_stamp(tmp_path: Path) -> None:
    def codes(folder: str, **given: Any) -> list[str]:
        return [doubt.kind.code for doubt in told(tmp_path / folder, **{**STAMPED, **LATE, **given})["doubts"]]

    assert codes("stamped") == []
    assert codes("some without a stamp", unstamped=3) == ["late-clock"]
    assert codes("an older record", unstamped=None) == ["late-clock"]
    assert codes("its clock was set", clock_step_s=-0.5) == ["clock-set"]


def test_a_percentile_needs_its_samples_not_its_requests(tmp_path: Path) -> None:
    cell = told(tmp_path, **STAMPED | {"latencies": np.full(499, 70_000)}, **LATE)
    assert pd.isna(cell["p99_us"])
    assert [str(doubt) for doubt in cell["doubts"]] == ["too few samples for a p99 (998 requests)"]


@pytest.mark.parametrize(("waiting", "is_given"), [(100, True), (140, False)])
def test_who_waits_is_weighed_against_all_who_were_answered(tmp_path: Path, waiting: int, is_given: bool) -> None:
    """One in ten of 12,000 was looked at: 100 that wait are less than a hundredth of all, 140 are more."""
    cell = told(tmp_path, **STAMPED, **LATE, unfinished=waiting, censored=waiting)
    assert pd.notna(cell["p99_us"]) == is_given


@pytest.mark.parametrize(
    ("connecting", "p99_us", "written"), [(0, 40, "40.0 µs"), (9, 40, "40.0 µs"), (20, None, "> window")]
)
def test_connects_have_a_p99_and_who_still_connects_is_slower_than_any(
    tmp_path: Path, connecting: int, p99_us: float | None, written: str
) -> None:
    cell = told(tmp_path, **STAMPED, **LATE, requests_per_connection=1, connects=1000, connecting=connecting,
                connect_hdr=histogram(np.full(1000, 40_000)))  # fmt: skip
    assert cell["connect_p50_us"] == pytest.approx(40, rel=1e-3)
    assert cell["connect_p99_us"] == pytest.approx(p99_us, rel=1e-3) if p99_us else pd.isna(cell["connect_p99_us"])
    results = read(tmp_path)
    console = Console(record=True, width=200)
    run_table.render(results, cells.tabulate(results), console)
    assert written in console.export_text()


def test_where_connections_stay_the_table_has_no_connects(tmp_path: Path) -> None:
    told(tmp_path, **STAMPED, **LATE)
    results = read(tmp_path)
    console = Console(record=True, width=200)
    run_table.render(results, cells.tabulate(results), console)
    assert "connect p99" not in console.export_text().lower()


def test_parts_of_an_open_loops_latency_count_what_was_never_answered(tmp_path: Path) -> None:
    """Two in a hundred were never sent, two more never answered."""
    cell = told(tmp_path, load="open", rate="10000", rate_rps=10_000.0, offered=12_500, dropped=250, unfinished=500,
                **STAMPED, **LATE, service_hdr=histogram(np.full(1200, 60_000)),
                dispatch_hdr=histogram(np.full(1200, 10_000)))  # fmt: skip
    assert cell["service_p50_us"] == pytest.approx(60, rel=1e-3)
    assert cell[["service_p99_us", "dispatch_p99_us"]].isna().all()


def test_a_client_that_hung_in_an_open_loop_is_starved_though_a_new_connection_stood_in_for_it(tmp_path: Path) -> None:
    """A closed loop's is open still in the last window."""
    made = [
        window("epoll", load=load, rate="10000" if load == "open" else None, rate_rps=1e4, offered=1000, clients=10,
               group=group, block=block, round=round_, started_ns=block * 10 + round_, unanswered=2 - 2 * round_)
        for group, load in enumerate(("closed", "open")) for block in (0, 1) for round_ in (0, 1)
    ]  # fmt: skip
    found = cells.tabulate(read(folder_of(tmp_path, made))).set_index("load")
    assert (found.loc["closed", "starved"], found.loc["open", "starved"]) == (0, 2)
    assert found.loc["open", "verdict"] == "doubtful"


@pytest.mark.parametrize("errors", [{"timed_out": 1}, {"corrupt": 1}, {"early": 1}])
@pytest.mark.parametrize("load", ["closed", "open"])
def test_one_request_that_hung_or_had_a_wrong_reply_is_never_ok(
    tmp_path: Path, errors: dict[str, int], load: str
) -> None:
    of_load = {"rate": "10000", "rate_rps": 10_000.0, "offered": 12_000} if load == "open" else {}
    cell = told(tmp_path, load=load, **of_load, **STAMPED, **LATE, replies=12_000, failed=1, errors=errors)
    assert cell["verdict"] == "doubtful"
    assert pd.isna(cell["rank"])


def test_a_window_without_an_answer_is_read_too(tmp_path: Path) -> None:
    nothing = {"answered": 0, "latencies": [], "arrival_hdr": None, "held_s": 0.0, "requests": 0, "unfinished": 10}
    made = [window("epoll", **{"block": block, "clients": 10} | STAMPED | LATE) for block in (0, 1)]
    empty = window("epoll", block=1, clients=10, round=1, **STAMPED | LATE | nothing) | {"latency_hdr": None}
    cell = cells.tabulate(read(folder_of(tmp_path, [*made, empty]))).iloc[0]
    assert cell["p50_us"] == pytest.approx(70, rel=1e-3)
