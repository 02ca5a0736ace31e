"""cells.csv against invented runs whose truth is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.judging import cells
from analysis.records.reading import read
from tests.support.made_up import SOME, MadeUp, failure, folder_of, footprint, histogram, perturbed, window
from tests.support.tabulated import cells_of, written

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
    made = [window("slow", unanswered=0, started_ns=place, round=place) for place in (0, 1)]
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
    assert tuple(read.loc["dies", ["status", "reason"]]) == ("incomplete", "died of signal 9; never ready")
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


def test_a_slowed_window_is_held_against_the_one_beside_it(tmp_path: Path) -> None:
    """A machine that is half as fast in every other round is no loss, nor does it hide one."""
    made = []
    for block in range(4):
        for round_ in range(2):
            place = {"block": block, "round": round_, "clients": 100, "latencies": np.full(1100, 1e6)}
            made.append(window("epoll", requests=10_000 // (1 + round_), **place))
            if round_ == block % 2:
                made.append(perturbed("epoll", requests=9_000 // (1 + round_), **place))
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["perturbation_loss"] == pytest.approx(0.1)
    assert cell["perturbation_loss_high"] < 0.11


def test_a_pause_beside_a_slowed_window_tells_nothing_of_the_loader(tmp_path: Path) -> None:
    made = []
    for block in range(5):
        place = {"block": block, "round": 0, "clients": 100, "latencies": np.full(1100, 1e6)}
        if block == 2:
            made.append(window("epoll", requests=0, replies=0, clients=100, block=block, round=0))
        made += [window("epoll", requests=10_000, **place), perturbed("epoll", requests=6_700, **place)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert cell["perturbation_loss"] == pytest.approx(0.33)
    assert cell["perturbation_loss_low"] > 0.32


def test_perturbed_windows_are_in_no_figure(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, slowed(0.5)).iloc[0]
    assert cell["throughput_rps"] == pytest.approx(100_000, rel=1e-3)
    assert cell["windows"] == 12


def test_a_loader_on_the_servers_cpu_limits(tmp_path: Path) -> None:
    shared = [window("epoll", block=block, latencies=np.full(1100, 1e6)) for block in (0, 1)]
    cell = cells_of(tmp_path, shared, server_cpus=[1], loader_cpus=[1]).iloc[0]
    assert (cell["limited_by"], cell["verdict"]) == ("loader", "doubtful")
    assert cell["server_cpu_us_per_request"] == pytest.approx(100)


@pytest.mark.parametrize(("cpus", "limit"), [("1", "loader"), ("0 1", "server")])
def test_a_loader_that_hardly_takes_of_the_servers_cpus_doesn_t(tmp_path: Path, cpus: str, limit: str) -> None:
    """It is held against all CPUs of the servers: 6 % of one are 3 % of two."""
    usual = {"loader_cpu_s": 0.006, "loader_wall_s": 0.1, "latencies": np.full(1100, 1e8), "server_cpus": cpus}
    made = [window("epoll", block=block, server_cpu_s=0.1 * len(cpus.split()), **usual) for block in (0, 1)]
    assert cells_of(tmp_path, made, loader_cpus=[1]).iloc[0]["limited_by"] == limit


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
    made += [footprint("forking", block=block, clients=100, own_idle_bytes=8 << 20, own_bytes=(108 + 100 * block) << 20,
                       one_client_bytes=9 << 20, crowd_bytes=(108 + 99 * block) << 20,
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


def test_memory_of_a_connection_is_that_of_the_blocks_that_tell_it(tmp_path: Path) -> None:
    made = [window("epoll", block=block, clients=100) for block in (0, 1, 2)]
    made += [footprint("epoll", block=block, clients=100, one_client_bytes=one, crowd_bytes=crowd)
             for block, one, crowd in ((0, 9 << 20, None), (1, 9 << 20, 108 << 20), (2, None, 500 << 20))]  # fmt: skip
    assert cells_of(tmp_path, made).iloc[0]["memory_per_connection_kib"] == pytest.approx(1024)


def test_older_records_tell_memory_by_pss_and_nothing_of_a_connection(tmp_path: Path) -> None:
    """What was there before the clients was taken after larger crowds, and depended on who else was alive."""
    made = [window("epoll", clients=100), footprint("epoll", clients=100, pss_idle_bytes=8 << 20, pss_bytes=7 << 20)]
    cell = cells_of(tmp_path, made).iloc[0]
    assert (cell["memory_idle_mib"], cell["memory_mib"]) == (8, 7)
    assert pd.isna(cell["memory_per_connection_kib"])
