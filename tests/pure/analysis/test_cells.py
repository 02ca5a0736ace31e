"""cells.csv and the terminal's table against invented runs whose truth is known."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.drawing.charts import figures
from analysis.judging import cells
from analysis.records.reading import ResultsError, read
from analysis.tables import run as table
from tests.support.damaged import DAMAGED, damaged
from tests.support.made_up import CAPACITY, MadeUp, at_rate, failure, folder_of, footprint, histogram, perturbed, window

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
    "verdict",
    "reason",
]
SOME = {name: CAPACITY[name] for name in ("blocking", "select", "epoll", "asyncio")}


def written(folder: Path) -> Path:
    results = read(folder)
    return cells.write(results, cells.tabulate(results))


def cells_of(folder: Path, records: list[dict[str, Any]], **run: Any) -> pd.DataFrame:
    return pd.read_csv(written(folder_of(folder, records, **run)), keep_default_na=False, na_values=[""])


def test_the_columns_are_those_promised_in_that_order(tmp_path: Path) -> None:
    made = MadeUp(capacity=SOME, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    header = written(made).read_text().splitlines()[0].split(",")
    assert header[: len(PROMISED)] == PROMISED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells.csv", "run.json", "windows.jsonl"]


def test_the_truth_lies_within_the_intervals(tmp_path: Path) -> None:
    truth = MadeUp(capacity=SOME, groups=[(10, 64), (100, 64), (100, 16384)], window_noise=0.05)
    hits, ratios = [], []
    for seed in range(3):
        truth.seed = seed
        for cell in cells.tabulate(read(truth.write(tmp_path))).itertuples():
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
    read = pd.read_csv(written(made)).set_index("strategy")
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
    assert ("p99 not given" not in str(cell["reason"])) == given
    assert cell["status"] == "ok"


def test_the_length_that_a_p99_asks_of_a_window_is_the_run_s(tmp_path: Path) -> None:
    made = [window("epoll", block=block, latencies=np.full(6000, 21e6)) for block in (0, 1)]
    cell = cells_of(tmp_path, made, window={"p99_multiple": 4.0}).iloc[0]
    assert cell["p99_us"] == pytest.approx(21_000, rel=1e-3)


def test_open_requests_of_served_clients_push_the_percentiles_up(tmp_path: Path) -> None:
    made = [window("epoll", latencies=np.full(1900, 1e6), censored=100, unfinished=100), window("epoll", block=1)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert np.isnan(cell["p99_us"])
    assert cell["censored"] == 100


def test_a_failed_cell_is_a_row_with_its_reason(tmp_path: Path) -> None:
    answered = np.full(1000, 1e6)
    made = [
        window("epoll", latencies=answered),
        window("dies", latencies=answered),
        failure("dies", block=1, status="failed", reason="died of signal 9"),
        failure("dies", block=2, status="failed", reason="never ready"),
        failure("uvloop", status="skipped", reason="uvloop is not installed, see requirements"),
        window("odd", checked=False, latencies=answered),
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
    path = written(folder_of(tmp_path, made))
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
    before = len(read(made).windows)
    path.write_bytes(path.read_bytes()[:-300])
    run = json.loads((made / "run.json").read_text()) | {"outcome": "running", "finished_at": None}
    (made / "run.json").write_text(json.dumps(run))
    found = read(made)
    assert len(found.windows) == before - 1
    assert found.notes == [
        "the last record of windows.jsonl is incomplete and left out: the run was killed while it wrote it"
    ]
    assert "Note: the last record of windows.jsonl is incomplete" in " ".join(printed(made).split())
    assert written(made).exists()


def test_a_run_stopped_before_its_first_window_has_no_cells(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [])
    (made / "windows.jsonl").unlink()
    assert len(written(made).read_text().splitlines()) == 1


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
        read(folder)
    assert str(folder) in str(error.value)
    assert "\n" not in str(error.value)
    assert ";" in str(error.value)  # what, then the remedy


@pytest.mark.parametrize("says", DAMAGED)
def test_what_is_damaged_is_named_with_its_file(tmp_path: Path, says: str) -> None:
    made = damaged(tmp_path, says)
    with pytest.raises(ResultsError) as error:
        read(made)
    assert str(error.value).startswith(f"{made}/{says}")
    assert "\n" not in str(error.value)
    assert ";" in str(error.value)  # what, then the remedy


def test_what_another_version_knows_more_is_no_damage(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [window("epoll") | {"later": 1}, {"kind": "later"}], later={"more": []})
    assert len(read(made).windows) == 1


def test_an_old_run_has_no_evidence_and_stays_readable(tmp_path: Path) -> None:
    later = ("rate", "unfinished", "first_half", "asked", "carried", "failed", "spin_ns", "arrival_hdr", "connects")
    made = [window("epoll", block=block, loader_cpu_s=0.12, latencies=np.full(1100, 1e6)) for block in (0, 1)]
    old = [{key: value for key, value in record.items() if key not in later} for record in made]
    cell = cells_of(tmp_path, old, verdict=None).iloc[0]
    assert cell["throughput_rps"] == pytest.approx(10_000)
    assert cell[["drift", "arrival_p90_us", "perturbation_loss", "rate", "memory_mib"]].isna().all()
    assert pd.isna(cell["limited_by"])  # by thresholds that it doesn't name
    assert pd.isna(cell["verdict"])
    assert cell["perturbed_windows"] == 0


def slowed(kept: float, blocks: int = 4, **given: Any) -> list[dict[str, Any]]:
    """A cell whose rate falls to this share where the loader takes twice as long for each request."""
    records = []
    for block in range(blocks):
        for place in range(3):
            cpu = {"loader_cpu_s": 0.12, "latencies": np.full(1100, 1e6), "server_cpu_s": 0.12, "block": block}
            # six requests in ten thousand this way or that: windows are never quite alike
            wobble = {"requests": round(10_000 * (1 + 0.0006 * (place - 1))), "clients": 100} | cpu | given
            records.append(window("epoll", **wobble))
            fewer = round(10_000 * kept * (1 + 0.0006 * (1 - place)))
            records.append(perturbed("epoll", **wobble | {"requests": fewer}, spin_ns=12_000))
    return records


@pytest.mark.parametrize(
    ("kept", "blocks", "limit"),
    [(0.5, 4, "loader"), (0.7, 4, "loader"), (0.98, 4, "server"), (0.75, 4, "both"), (0.5, 1, "both")],
)
def test_a_loader_that_is_slowed_down_shows_who_limits(tmp_path: Path, kept: float, blocks: int, limit: str) -> None:
    cell = cells_of(tmp_path, slowed(kept, blocks)).iloc[0]
    assert cell["limited_by"] == limit
    assert (cell["verdict"] == "ok") == (limit == "server")
    assert ("loader-limited" in str(cell["reason"])) == (limit != "server")
    assert cell["perturbed_windows"] == 3 * blocks
    assert cell["perturbation_loss_if_loader"] == pytest.approx(0.5, rel=1e-3)
    if blocks > 1:
        assert cell["perturbation_loss"] == pytest.approx(1 - kept, abs=1e-3)
        assert cell["perturbation_loss_low"] < 1 - kept < cell["perturbation_loss_high"]


def test_perturbed_windows_are_in_no_figure(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, slowed(0.5)).iloc[0]
    assert cell["throughput_rps"] == pytest.approx(100_000, rel=1e-3)
    assert cell["windows"] == 12


def test_a_loader_on_the_servers_cpu_limits(tmp_path: Path) -> None:
    shared = [window("epoll", block=block, latencies=np.full(1100, 1e6)) for block in (0, 1)]
    cell = cells_of(tmp_path, shared, server_cpus=[1], loader_cpus=[1]).iloc[0]
    assert (cell["limited_by"], cell["verdict"]) == ("loader", "doubtful")
    assert cell["server_cpu_us_per_request"] == pytest.approx(100)


def test_a_strategy_that_was_told_to_wait_is_limited_by_its_handler(tmp_path: Path) -> None:
    made = [window("sleepy", block=block, latencies=np.full(1100, 1e6)) for block in (0, 1)]
    cell = cells_of(tmp_path, made, strategies={"sleepy": {"command": "x", "handler": "sleep 10ms"}}).iloc[0]
    assert cell["limited_by"] == "handler"


def test_the_evidence_of_a_known_cell(tmp_path: Path) -> None:
    made = [
        window("epoll", block=block, requests=12_000, first_half=6600, replies=15_000,
               latencies=np.full(12_000, 70_000), arrival_hdr=histogram(np.full(200, 4000)), server_cpu_s=0.05,
               loader_cpu_s=0.06, loader_wall_s=0.25, workers=2, server_cpus="1 2", clients=10)
        for block in (0, 1)
    ]  # fmt: skip
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["server_cpu_share"] == pytest.approx(0.05 / 0.125 / 2)  # two workers saw the same wall time
    assert cell["loader_cpu_share"] == pytest.approx(0.24)
    assert cell["loader_cpu_us_per_request"] == pytest.approx(4)
    assert cell["drift"] == pytest.approx(5400 / 6600 - 1)
    assert cell["littles_law"] == pytest.approx(120_000 * 70e-6 / 10, rel=1e-3)
    assert cell["arrival_p90_us"] == pytest.approx(4, rel=1e-3)
    assert cell["limited_by"] == "round-trip"  # 70 µs, and both sides together work for 7.3 of them


def test_connecting_is_part_of_the_time_of_a_request(tmp_path: Path) -> None:
    made = [window(name, block=block, service=service, requests=1000, connects=500, latencies=np.full(1000, 600_000),
                   connect_hdr=histogram(np.full(500, 800_000)), clients=10, group=len(service))
            for block in (0, 1) for name, service in (("epoll", "echo"), ("epoll", "greet"))]  # fmt: skip
    read = cells_of(tmp_path, made).set_index("service")
    assert read.loc["echo", "littles_law"] == pytest.approx(10_000 * (600e-6 + 800e-6 / 2) / 10, rel=1e-3)
    assert read.loc["greet", "littles_law"] == pytest.approx(0.6, rel=1e-3)  # there the clock starts with the connect


def test_what_a_cell_costs(tmp_path: Path) -> None:
    made = [window("forking", block=block, clients=100, server_cpu_s=0.02, requests=1000) for block in (0, 1)]
    made += [footprint("forking", block=block, clients=100, pss_idle_bytes=8 << 20, pss_bytes=(108 + 100 * block) << 20,
                       processes=101 + block, threads=101, replies=1000, user_s=0.008, system_s=0.012,
                       voluntary_switches=None, involuntary_switches=50) for block in (0, 1)]  # fmt: skip
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["capacity_per_core_rps"] == pytest.approx(50_000)
    assert cell["server_user_us_per_request"] == pytest.approx(8)
    assert cell["server_system_us_per_request"] == pytest.approx(12)
    assert pd.isna(cell["voluntary_switches_per_request"])
    assert cell["involuntary_switches_per_request"] == pytest.approx(0.05)
    assert (cell["memory_idle_mib"], cell["memory_mib"]) == (8, 158)
    assert cell["memory_per_connection_kib"] == pytest.approx(1.5 * 1024)
    assert (cell["processes"], cell["threads"]) == (102, 101)


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
    chart = dict(figures(read(tmp_path), cells.tabulate(read(tmp_path))))["knee"]
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
    drawn = dict(figures(read(tmp_path), cells.tabulate(read(tmp_path))))
    ticks = list(drawn["knee_vs_recv_size"].axes[0].get_xticks())
    assert ticks == [1024, 65536]


def test_a_rate_without_a_rank_stands_among_those_of_its_size() -> None:
    """A tie spans rates: what the loader limits is not above all of it for being above its last."""
    rates = {"first": (40_000, 1), "last": (30_000, 1), "between": (35_000, None), "slow": (9000, 3),
             "slower": (8000, None), "above": (50_000, None)}  # fmt: skip
    group = pd.DataFrame([{"strategy": name, "throughput_rps": rate, "rank": rank, "starved": 0}
                          for name, (rate, rank) in rates.items()])  # fmt: skip
    placed = table._sorted(group, table.ORDER["closed"])["strategy"]
    assert list(placed) == ["above", "first", "between", "last", "slow", "slower"]


def test_a_remark_on_nearly_all_is_short(tmp_path: Path) -> None:
    busy = {name: {"loader_cpu_s": 0.12} for name in "abcd"}
    made = ranked(dict.fromkeys([*busy, "e"], 30_000), **busy)
    assert "  all but e: may be loader-limited" in printed(folder_of(tmp_path, made)).splitlines()
    made = ranked(dict.fromkeys(busy, 30_000), **busy)
    assert "  all: may be loader-limited" in printed(folder_of(tmp_path, made)).splitlines()


def ranked(rates: dict[str, float], spread: float = 0.01, **given: dict[str, Any]) -> list[dict[str, Any]]:
    """Six blocks of strategies with these rates (requests in a window), which differ a little from block to block."""
    random = np.random.default_rng(3)
    return [
        window(name, **{"block": block, "requests": round(rate * np.exp(random.normal(0, spread)))}
               | given.get(name, {}))
        for block in range(6) for name, rate in rates.items()
    ]  # fmt: skip


def test_strategies_that_were_not_told_apart_share_a_rank(tmp_path: Path) -> None:
    rates = {"slow": 20_000, "epoll": 30_000, "same": 30_030, "starving": 40_000}
    made = ranked(rates, starving={"unanswered": 3}, slow={"server_cpu_s": 0.01})
    read = cells_of(tmp_path, made).set_index("strategy")
    assert read["rank"].fillna(0).to_dict() == {"slow": 3, "epoll": 1, "same": 1, "starving": 0}
    assert read["cpu_rank"].to_dict() == {"slow": 1, "epoll": 3, "same": 3, "starving": 2}


def test_what_the_loader_limits_is_ranked_by_cpu_alone(tmp_path: Path) -> None:
    made = ranked({"epoll": 30_000, "fast": 40_000}, fast={"loader_cpu_s": 0.12})
    read = cells_of(tmp_path, made).set_index("strategy")
    assert read["rank"].fillna(0).to_dict() == {"epoll": 2, "fast": 0}  # the fast one would be faster still
    assert read["cpu_rank"].to_dict() == {"epoll": 2, "fast": 1}


def test_intervals_of_a_run_that_looked_are_wider(tmp_path: Path) -> None:
    made = ranked({"epoll": 30_000, "select": 20_000}, spread=0.02)
    fixed, looked = (
        cells_of(tmp_path, made, precision=how) for how in (None, {"target": 0.02, "first_look": 10, "widened": 1.08})
    )
    for name, factor in (("throughput_rps", 1.08), ("ratio", 1.0)):  # a ratio decides no stop
        widths = [np.log(read[f"{name}_high"] / read[f"{name}_low"])[1] for read in (fixed, looked)]
        assert widths[1] / widths[0] == pytest.approx(factor, rel=1e-4)


def printed(folder: Path, width: int = 110) -> str:
    text = StringIO()
    found = read(folder)
    table.render(found, cells.tabulate(found), Console(file=text, width=width))
    return text.getvalue()


def test_the_table_is_sorted_and_fits_110_columns(tmp_path: Path) -> None:
    capacity = {name: CAPACITY[name] for name in CAPACITY if name != "gevent"} | {"odd[bold]name": 1e6}
    made = MadeUp(capacity=capacity, groups=[(10, 64), (100, 1024)], blocks=3, rounds=1, window_noise=0.02,
                  skipped={"uvloop": "uvloop is not installed"}).write(tmp_path)  # fmt: skip
    text = printed(made)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110
    first = text.split("1 KiB")[0]
    assert first.index("epoll") < first.index("asyncio") < first.index("blocking")
    assert "odd[bold]name" in text
    assert "starvation  1 of 10" in text
    assert printed(made, width=80) == text
    assert "uvloop: uvloop is not installed" in text
    assert any("asyncio " in line and "± 0.0" in line for line in lines)


def test_the_table_is_as_wide_as_it_must(tmp_path: Path) -> None:
    """Where a column of text is one too few, "1 of 500" must not become "1 of 50"."""
    made = [
        window(name, block=block, clients=500_000, requests=10**4 * 4**block, server_cpu_s=2.0, unanswered=unanswered,
               latencies=[123_456] * 2000)
        for block in range(3) for name, unanswered in (("a-name-of-20-letters", 499_999), ("epoll", 0))
    ]  # fmt: skip
    text = printed(folder_of(tmp_path, made))
    assert "1 of 500,000" in text


def test_the_interval_of_a_small_ratio_is_not_zero(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 100_000, "blocking": 10_000}, groups=[(1, 64)], window_noise=0.01, drift=0,
                  block_noise=0.001).write(tmp_path)  # fmt: skip
    text = printed(made)
    assert re.search(r"± 0\.00\d*[1-9]", text)
    assert not re.search(r"± 0\.0+\s", text)


def test_the_table_of_a_single_block_has_no_intervals(tmp_path: Path) -> None:
    text = printed(folder_of(tmp_path, [window("epoll"), window("select", errors={"reset": 3})]))
    assert "10,000" in text
    assert "3 errors" in text
    assert "fewer than two blocks" in text


def test_the_table_of_nothing(tmp_path: Path) -> None:
    assert "Nothing was measured" in printed(folder_of(tmp_path, []))
    assert "skipped" in printed(folder_of(tmp_path, [failure("uvloop", reason="not installed")]))


def test_ranks_are_printed_with_ties(tmp_path: Path) -> None:
    made = ranked({"slow": 20_000, "epoll": 30_000, "same": 30_030})
    rows = [line.split() for line in printed(folder_of(tmp_path, made)).splitlines()]
    ranks = {row[1]: row[0] for row in rows if len(row) > 3 and row[1] in ("slow", "epoll", "same")}
    assert ranks == {"slow": "3", "epoll": "=1", "same": "=1"}


def test_doubtful_rows_are_marked_and_the_reason_names_them_together(tmp_path: Path) -> None:
    busy = {"loader_cpu_s": 0.12}
    text = printed(folder_of(tmp_path, ranked({"epoll": 30_000, "fast": 40_000, "slow": 9000}, epoll=busy, fast=busy)))
    marked = {line.split()[0]: "?" in line for line in text.splitlines() if "%" in line and "±" in line}
    assert marked["epoll"]
    assert marked["fast"]
    (reason,) = [line for line in text.splitlines() if line.endswith(": may be loader-limited")]
    assert "epoll (it used 97 % of its CPU), fast (it used 97 % of its CPU)" in reason
    assert "why stands below its group" in text


def test_the_table_of_an_open_loop_and_of_a_knee(tmp_path: Path) -> None:
    made = [at_rate(name, 2000, block=block, latencies=np.full(4000, slow)) for block in (0, 1)
            for name, slow in (("late", 5e6), ("prompt", 2e6))]  # fmt: skip
    made += [at_rate("late", 3000, load="knee", phase="found", block=block, group=1, latencies=np.full(6000, 5e6))
             for block in (0, 1)]  # fmt: skip
    text = printed(folder_of(tmp_path, made))
    assert max(map(len, text.splitlines())) <= 110
    for words in ("open load at 2000 requests/s", "offered/s", "dropped", "offered rate", "knee, requests/s", "3,000"):
        assert words in text
    assert text.index("prompt") < text.index("late")  # by p99: all served what they were offered
