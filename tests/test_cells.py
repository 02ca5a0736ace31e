"""cells.csv and the terminal's table against invented runs whose truth is known."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up import CAPACITY, MadeUp, failure, window
from rich.console import Console

from analysis import cells, table
from analysis.load import ResultsError, load

PROMISED = [
    "strategy",
    "variant",
    "service",
    "clients",
    "message_size",
    "requests_per_connection",
    "blocks",
    "windows",
    "requests",
    "errors",
    "starved",
    "throughput_rps",
    "throughput_rps_low",
    "throughput_rps_high",
    "throughput_mib_s",
    "p50_us",
    "p90_us",
    "p99_us",
    "p999_us",
    "max_us",
    "server_cpu_us_per_request",
    "loader_cpu_share",
    "status",
    "reason",
]
SOME = {name: CAPACITY[name] for name in ("blocking", "select", "epoll", "asyncio")}
ROOT = Path(__file__).parent.parent


def folder_of(folder: Path, records: list[dict[str, Any]], **run: Any) -> Path:
    """A results folder with exactly these records."""
    MadeUp(capacity={}, groups=()).write(folder)
    described = json.loads((folder / "run.json").read_text()) | run
    (folder / "run.json").write_text(json.dumps(described))
    (folder / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def cells_of(folder: Path, records: list[dict[str, Any]], **run: Any) -> pd.DataFrame:
    return pd.read_csv(cells.write(folder_of(folder, records, **run)), keep_default_na=False, na_values=[""])


def test_the_columns_are_those_promised_in_that_order(tmp_path: Path) -> None:
    made = MadeUp(capacity=SOME, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    header = cells.write(made).read_text().splitlines()[0].split(",")
    assert header[: len(PROMISED)] == PROMISED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells.csv", "run.json", "windows.jsonl"]


def test_the_truth_lies_within_the_intervals(tmp_path: Path) -> None:
    truth = MadeUp(capacity=SOME, groups=[(10, 64), (100, 64), (100, 16384)], window_noise=0.05)
    hits, ratios = [], []
    for seed in range(3):
        truth.seed = seed
        for cell in cells.tabulate(load(truth.write(tmp_path))).itertuples():
            true = truth.truth(cell.strategy, cell.clients, cell.message_size)
            # noise multiplies, so the geometric mean over blocks meets the truth but for half its variance
            hits.append(cell.throughput_rps_low <= true * np.exp(0.05**2 / 2) <= cell.throughput_rps_high)
            reference = truth.truth("epoll", cell.clients, cell.message_size)
            if cell.strategy != "epoll":
                ratios.append(cell.ratio_low <= true / reference <= cell.ratio_high)
    assert np.mean(hits) > 0.8
    assert np.mean(ratios) > 0.8


def test_a_block_counts_once_however_many_windows_it_has(tmp_path: Path) -> None:
    made = [window("epoll", block=0, requests=1000) for _ in range(5)] + [window("epoll", block=1, requests=4000)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["throughput_rps"] == pytest.approx(20_000)
    assert (cell["blocks"], cell["windows"], cell["requests"]) == (2, 6, 9000)


def test_sums_and_shares(tmp_path: Path) -> None:
    common = {
        "message_size": 1 << 20,
        "requests": 100,
        "replies": 200,
        "server_cpu_s": 0.01,
        "loader_cpu_s": 0.1,
    }
    made = [window("epoll", block=block, loader_wall_s=0.2, errors={"reset": 2, "closed": 1}, server_minor_faults=50,
                   **common) for block in (0, 1)]  # fmt: skip
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["server_cpu_us_per_request"] == pytest.approx(50)
    assert cell["loader_cpu_share"] == pytest.approx(0.5)
    assert cell["errors"] == 6
    assert cell["throughput_mib_s"] == pytest.approx(1000)
    assert cell["server_minor_faults_per_request"] == pytest.approx(0.25)
    assert cell["status"] == "ok"


def test_starved_is_what_the_last_window_of_a_block_left_in_the_worst_block(tmp_path: Path) -> None:
    left = {0: (9, 3), 1: (5, 4), 2: (9, 0)}
    made = [window("slow", block=block, unanswered=number, started_ns=block * 10 + place)
            for block, numbers in left.items() for place, number in enumerate(numbers)]  # fmt: skip
    assert cells_of(tmp_path, made[::-1]).iloc[0]["starved"] == 4


def test_a_block_that_was_cut_short_starves_nobody(tmp_path: Path) -> None:
    made = [window("slow", unanswered=0, started_ns=place) for place in (0, 1)]
    assert cells_of(tmp_path, [*made, window("slow", block=1, unanswered=7)]).iloc[0]["starved"] == 0


def test_blocking_at_ten_clients_serves_one(tmp_path: Path) -> None:
    made = MadeUp(capacity=SOME, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    read = pd.read_csv(cells.write(made)).set_index("strategy")
    assert read.loc["blocking", "starved"] == 9
    assert read.loc["epoll", "starved"] == 0


def test_percentiles_are_left_out_where_the_sample_is_too_small(tmp_path: Path) -> None:
    made = [window("epoll", block=block, latencies=np.full(400, 1e6)) for block in range(2)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["p50_us"] == pytest.approx(1000, rel=1e-3)
    assert np.isnan(cell["p99_us"])
    assert np.isnan(cell["p999_us"])
    assert cell["max_us"] == pytest.approx(1000, rel=1e-3)


@pytest.mark.parametrize(("latency_ms", "given"), [(19, True), (21, False)])
def test_a_window_counts_at_least_five_times_the_p99(tmp_path: Path, latency_ms: float, given: bool) -> None:
    made = [window("epoll", block=block, counted_s=0.1, latencies=np.full(6000, latency_ms * 1e6)) for block in (0, 1)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert pd.notna(cell["p99_us"]) == given
    assert pd.notna(cell["p999_us"]) == given
    assert pd.isna(cell["reason"]) == given
    assert cell["status"] == "ok"


def test_open_requests_of_served_clients_push_the_percentiles_up(tmp_path: Path) -> None:
    made = [window("epoll", latencies=np.full(1900, 1e6), censored=100, unfinished=100), window("epoll", block=1)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert np.isnan(cell["p99_us"])
    assert cell["censored"] == 100


def test_a_failed_cell_is_a_row_with_its_reason(tmp_path: Path) -> None:
    made = [
        window("epoll"),
        window("dies"),
        failure("dies", block=1, status="failed", reason="died of signal 9"),
        failure("dies", block=2, status="failed", reason="never ready"),
        failure("uvloop", status="skipped", reason="uvloop is not installed, see requirements"),
        window("odd", checked=False),
    ]
    read = cells_of(tmp_path, made, unchecked={"odd": "half-close lost 3 bytes"}).set_index("strategy")
    assert read.loc["epoll", "status"] == "ok"
    assert tuple(read.loc["dies", ["status", "reason"]]) == ("incomplete", "died of signal 9")
    assert tuple(read.loc["uvloop", ["status", "reason"]]) == (
        "skipped",
        "uvloop is not installed, see requirements",
    )
    assert pd.isna(read.loc["uvloop", "throughput_rps"])
    assert tuple(read.loc["odd", ["status", "reason"]]) == ("unchecked", "half-close lost 3 bytes")


def test_windows_without_a_single_answer(tmp_path: Path) -> None:
    made = [window("mute", requests=0, unanswered=10, censored=10, server_cpu_s=0.0) | {"latency_hdr": None}]
    cell = cells_of(tmp_path, [*made, window("epoll")]).iloc[0]
    assert (cell["throughput_rps"], cell["starved"]) == (0, 10)
    assert cell[["p50_us", "max_us", "server_cpu_us_per_request", "ratio"]].isna().all()


def test_unlimited_requests_per_connection_are_empty(tmp_path: Path) -> None:
    made = [window("epoll"), window("epoll", requests_per_connection=1, group=1)]
    path = cells.write(folder_of(tmp_path, made))
    assert [line.split(",")[5] for line in path.read_text().splitlines()[1:]] == ["", "1"]


def test_the_ratio_is_taken_within_the_group(tmp_path: Path) -> None:
    made = [window(name, block=block, clients=clients, requests=requests * (block + 1), group=clients)
            for block in range(3) for name, clients, requests in
            (("epoll", 1, 100), ("select", 1, 50), ("epoll", 10, 1000), ("select", 10, 900))]  # fmt: skip
    read = cells_of(tmp_path, made).set_index(["strategy", "clients"])
    assert read.loc[("select", 1), "ratio"] == pytest.approx(0.5)
    assert read.loc[("select", 10), "ratio"] == pytest.approx(0.9)
    assert read.loc[("epoll", 10), "ratio"] == pytest.approx(1)


def test_a_half_written_last_line_is_no_obstacle(tmp_path: Path) -> None:
    made = MadeUp(capacity=SOME, groups=[(10, 64)], blocks=2, rounds=2).write(tmp_path)
    path = made / "windows.jsonl"
    before = len(load(made).windows)
    path.write_bytes(path.read_bytes()[:-300])
    run = json.loads((made / "run.json").read_text()) | {"outcome": "running", "finished_at": None}
    (made / "run.json").write_text(json.dumps(run))
    assert len(load(made).windows) == before - 1
    assert cells.write(made).exists()


def test_a_run_stopped_before_its_first_window_has_no_cells(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [])
    (made / "windows.jsonl").unlink()
    assert len(cells.write(made).read_text().splitlines()) == 1


@pytest.mark.parametrize("fault", ["missing", "empty", "schema", "not json", "broken line", "missing key"])
def test_what_cannot_be_read_is_told_in_one_line(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "run"
    if fault != "missing":
        folder.mkdir()
    if fault not in ("missing", "empty"):
        folder_of(folder, [window("epoll")])
    if fault == "schema":
        folder_of(folder, [], schema=99)
    if fault == "not json":
        (folder / "run.json").write_text("{")
    if fault == "broken line":
        (folder / "windows.jsonl").write_text('{"kind": "win\n' + json.dumps(window("epoll")) + "\n")
    if fault == "missing key":
        (folder / "windows.jsonl").write_text('{"kind": "window"}\n')
    with pytest.raises(ResultsError) as error:
        cells.write(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)
    assert ";" in str(error.value)  # what, then the remedy


def test_the_command_ends_with_2_and_one_line_if_it_cannot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analysis.cells", tmp_path / "no"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1


def printed(folder: Path, width: int = 100) -> str:
    text = StringIO()
    table.render(folder, Console(file=text, width=width))
    return text.getvalue()


def test_the_table_is_sorted_and_fits_100_columns(tmp_path: Path) -> None:
    capacity = {name: CAPACITY[name] for name in CAPACITY if name != "gevent"} | {"odd[bold]name": 1e6}
    made = MadeUp(capacity=capacity, groups=[(10, 64), (100, 1024)], blocks=3, rounds=1, window_noise=0.02,
                  skipped={"uvloop": "uvloop is not installed"}).write(tmp_path)  # fmt: skip
    text = printed(made)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    first = text.split("1 KiB")[0]
    assert first.index("epoll") < first.index("asyncio") < first.index("blocking")
    assert "odd[bold]name" in text
    assert "1 of 10 served" in printed(made, width=80)
    assert "1 of 10 served" in text
    assert "uvloop: uvloop is not installed" in text
    assert any("asyncio " in line and "± 0.0" in line for line in lines)


def test_the_table_of_a_single_block_has_no_intervals(tmp_path: Path) -> None:
    text = printed(folder_of(tmp_path, [window("epoll"), window("select", errors={"reset": 3})]))
    assert "10,000" in text
    assert "3 errors" in text
    assert "fewer than two blocks" in text


def test_the_table_of_nothing(tmp_path: Path) -> None:
    assert "Nothing was measured" in printed(folder_of(tmp_path, []))
    assert "skipped" in printed(folder_of(tmp_path, [failure("uvloop", reason="not installed")]))
