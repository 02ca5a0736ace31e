"""A run in the formats of other programs, read back by the reader that each format has."""

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from analysis import cells, read
from analysis.doubts import touching
from analysis.export import FORMATS, figures, formats, openmetrics
from analysis.judging.cells import write as write_cells
from analysis.records.points import CELL_KEYS
from analysis.records.reading import Results
from tests.support.made_up import failure, folder_of, window
from tests.support.recorded import recorded

Run = tuple[Results, pd.DataFrame, Path]  # the folder of its exports
HOSTILE = 'a"b\\c\n<script>\u202eש😀\ud800' + "x" * 200
PERCENTS = {"p50_us": 50, "p90_us": 90, "p99_us": 99, "p999_us": 99.9}


def exported(folder: Path, names: Iterable[str] = FORMATS) -> Run:
    results = read(folder)
    table = cells(results)
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):  # pyarrow is nobody's duty; the tests of it are skipped then
            formats.write(name, results, table, folder / "export")
    return results, table, folder / "export"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A part of the recorded run: blocks that were halved beside others, and starved clients."""
    return exported(recorded(tmp_path_factory.mktemp("part"), "blocking", "epoll", "asyncio"))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Samples of unlike blocks, requests without an answer, a hostile name, a cell that failed."""
    random = np.random.default_rng(4)
    lines = [
        window("epoll", clients=100, block=block, round=round_, started_ns=10**9 * (10 * block + round_),
               latencies=random.lognormal(12 + block, 0.4, 1500 - 400 * block), answered=9000 - 4000 * block,
               held_s=1.0, unstamped=0, unfinished=3 * block)
        for block in range(3) for round_ in range(2)
    ]  # fmt: skip
    named = window(HOSTILE, clients=100, latencies=random.lognormal(13, 0.3, 2000))
    lines += [named, failure("poll", status="failed", reason="exited with 1", clients=100)]
    return exported(folder_of(tmp_path_factory.mktemp("odd"), lines))


def intervals(log: Path) -> list[HdrHistogram]:
    reader = HistogramLogReader(str(log), HdrHistogram(1, 3_600_000_000_000, 3))
    return list(iter(reader.get_next_interval_histogram, None))


def together(log: Path) -> dict[str, float]:
    total = HdrHistogram(1, 3_600_000_000_000, 3)
    for one in intervals(log):
        total.add(one)
    found = total.get_percentile_to_value_dict(list(PERCENTS.values()))
    return {name: found[percent] / 1e3 for name, percent in PERCENTS.items()}


# --- HDR logs -------------------------------------------------------------------------------------------------------


def test_a_log_has_the_percentiles_of_cells_csv(run: Run) -> None:
    _, table, folder = run
    logs = sorted((folder / "hlog").iterdir())
    assert len(logs) == len(table) == 18
    compared = 0
    for (_, cell), log in zip(table.iterrows(), logs, strict=True):
        found = together(log)
        for name in PERCENTS:
            if pd.notna(cell[name]):
                assert found[name] == pytest.approx(cell[name], rel=1e-6), (log.name, name)
                compared += 1
    assert compared > 50


def test_blocks_weigh_alike_in_a_log_and_a_sample_stands_for_all(odd: Run) -> None:
    """Of the recorded latencies as they are the median is another."""
    results, table, folder = odd
    cell = table[table["strategy"] == "epoll"].iloc[0]
    (log,) = (folder / "hlog").glob("*epoll*")
    assert {name: value for name, value in together(log).items() if pd.notna(cell[name])} == pytest.approx(
        {name: cell[name] for name in PERCENTS if pd.notna(cell[name])}, rel=1e-6
    )
    poured = HdrHistogram(1, 3_600_000_000_000, 3)
    for text in results.windows.loc[results.windows["strategy"] == "epoll", "latency_hdr"]:
        poured.decode_and_add(text)
    assert poured.get_value_at_percentile(50) / 1e3 < 0.9 * cell["p50_us"]


def test_an_interval_of_a_log_is_a_block_at_its_time(odd: Run) -> None:
    (log,) = (odd[2] / "hlog").glob("*epoll*")
    told = intervals(log)
    assert [one.get_total_count() for one in told] == [10**9] * 3
    starts = [one.get_start_time_stamp() / 1e3 for one in told]
    assert np.diff(starts) == pytest.approx([10, 10], abs=0.01)
    assert [(one.get_end_time_stamp() - one.get_start_time_stamp()) / 1e3 for one in told] == pytest.approx([1.12] * 3)
    assert starts[0] == pytest.approx(1.8e9, abs=60)  # when the windows say that they were
    # who was never answered stands at an hour, beyond every answer
    assert [one.get_max_value() > 3.5e12 for one in told] == [False, True, True]


# --- tables ---------------------------------------------------------------------------------------------------------


def test_parquet_and_csv_are_equal(run: Run, odd: Run) -> None:
    arrow = pytest.importorskip("pyarrow.parquet")
    for results, table, folder in (run, odd):
        ours = pd.read_csv(folder / "figures.csv", dtype={"rate": str, "along": str, "server_cpus": str})
        theirs = arrow.read_table(folder / "figures.parquet").to_pandas()
        for name in ours:
            if pd.api.types.is_numeric_dtype(theirs[name]):
                assert np.array_equal(ours[name].to_numpy(float), theirs[name].to_numpy(float), equal_nan=True), name
            else:
                assert ours[name].astype(object).fillna("").to_list() == theirs[name].fillna("").to_list(), name
        tidy = pd.read_csv(write_cells(results, table), keep_default_na=False, na_values=[""])
        cells_of = arrow.read_table(folder / "cells.parquet").to_pandas()
        assert list(tidy) == list(cells_of)
        for name in cells_of.select_dtypes("number"):
            assert cells_of[name].to_numpy(float) == pytest.approx(tidy[name].to_numpy(float), rel=1e-6, nan_ok=True)


def test_parquet_has_every_window_with_its_histograms(run: Run) -> None:
    arrow = pytest.importorskip("pyarrow.parquet")
    results, _, folder = run
    found = arrow.read_table(folder / "windows.parquet")
    assert found.num_rows == len(results.windows) + len(results.perturbed)
    assert found["latency_hdr"][0].as_py() == results.windows["latency_hdr"][0]
    assert json.loads(found["errors"][0].as_py()) == {}
    assert found.schema.field("counted_s").metadata[b"unit"] == b"s"
    assert json.loads(found.schema.metadata[b"run"])["run_id"] == results.run["run_id"]


def test_a_row_of_the_tidy_table_is_a_figure_with_all_that_is_said_of_it(run: Run) -> None:
    _, table, folder = run
    tidy = pd.read_csv(folder / "figures.csv")
    assert list(tidy) == figures.FIGURES
    assert not tidy.duplicated([*CELL_KEYS, "figure"]).any()
    cell = table[(table["strategy"] == "epoll") & (table["clients"] == 100)].iloc[0]
    mine = tidy[(tidy["strategy"] == "epoll") & (tidy["clients"] == 100) & (tidy["message_size"] == 64)]
    row = mine[mine["figure"] == "throughput_rps"].iloc[0]
    assert row[["unit", "point", "limited_by"]].to_list() == [
        "1/s", "echo, 100 clients, 64 B, persistent connections", cell["limited_by"],
    ]  # fmt: skip
    names = ["", "_low", "_high", "_bar_low", "_bar_high"]
    assert row[list(figures.VALUES)].to_list() == [cell[f"throughput_rps{end}"] for end in names]
    doubted = tidy[tidy["doubts"].notna()].iloc[0]
    cell = table[(table[CELL_KEYS[:1]] == doubted[CELL_KEYS[:1]]).all(axis=1)].iloc[0]
    assert doubted["doubts"].split() == [doubt.kind.code for doubt in touching(cell, doubted["figure"])] != []


def test_a_cell_that_failed_has_a_row_with_its_reason(odd: Run) -> None:
    tidy = pd.read_csv(odd[2] / "figures.csv")
    (row,) = tidy[tidy["strategy"] == "poll"].to_dict("records")
    assert (row["figure"], row["value"], row["status"], row["reason"]) == ("blocks", 0, "failed", "exited with 1")


# --- OpenMetrics ----------------------------------------------------------------------------------------------------


def families(folder: Path) -> dict[str, Any]:
    text = (folder / "metrics.txt").read_text()
    assert text.endswith("# EOF\n")
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_openmetrics_has_every_figure_in_base_units(run: Run) -> None:
    _, table, folder = run
    found = families(folder)
    named = {openmetrics.place_of(name).family for name in figures.NUMBERS if table[name].notna().any()}
    assert set(found) == named | {"concurrency_run", "concurrency_cell"}
    cell = table[(table["strategy"] == "epoll") & (table["clients"] == 100)].iloc[0]

    def values(family: str) -> list[float]:
        labels = {"strategy": "epoll", "clients": "100", "message_size": "64"}
        return [one.value for one in found[family].samples if labels.items() <= one.labels.items()]

    assert found["concurrency_latency_seconds"].type == "summary"
    assert values("concurrency_latency_seconds") == pytest.approx(
        [cell[name] / 1e6 for name in (*PERCENTS, "max_us") if pd.notna(cell[name])]
    )
    assert values("concurrency_requests") == [cell["requests"]]
    assert values("concurrency_memory_bytes") == pytest.approx([cell["memory_mib"] * 2**20])
    assert values("concurrency_server_cpu_per_request_seconds") == [
        pytest.approx(cell["server_cpu_us_per_request"] / 1e6)
    ]
    assert all(family.documentation for family in found.values())


def test_a_label_holds_whatever_a_server_is_called_and_says(odd: Run) -> None:
    found = families(odd[2])
    said = {one.labels["strategy"]: one.labels for one in found["concurrency_cell"].samples}
    assert HOSTILE.replace("\ud800", "?") in said
    assert (said["poll"]["status"], said["poll"]["reason"]) == ("failed", "exited with 1")
    assert "poll" not in {one.labels["strategy"] for one in found["concurrency_throughput_requests_per_second"].samples}


# --- nothing to say -------------------------------------------------------------------------------------------------


def test_what_a_run_has_not_is_no_empty_file(tmp_path: Path) -> None:
    failed = exported(folder_of(tmp_path / "failed", [failure("poll", reason="exited with 1")]), ["hlog", "csv"])[2]
    assert [path.name for path in failed.iterdir()] == ["figures.csv"]
    nothing = exported(folder_of(tmp_path / "nothing", []))[2]
    assert list(nothing.iterdir()) == []


def test_a_name_of_a_log_stays_in_its_folder(odd: Run) -> None:
    names = [path.name for path in (odd[2] / "hlog").iterdir()]
    assert len(names) == 2
    assert all(name.isascii() and "/" not in name and len(name) < 100 for name in names)
