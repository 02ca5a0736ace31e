"""Runs that compare strategies along an axis."""

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.judging import cells
from analysis.records import reading as records
from axes import AXES
from tests.support.bench import MISBEHAVE, Bench

SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
counted_limit_s = 0.05  # they don't grow, however busy the machine is
[profiles.tiny]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [3], sizes = ["16KiB"] }]
[strategies]
"""


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A run that compares two receive sizes with each other."""
    options = ("--profile", "tiny", "--strategies", "epoll,poll,uvloop", "--recv-sizes", "1KiB,64KiB")
    bench = Bench(
        tmp_path_factory.mktemp("along"), {}, *options, "--along", "recv-sizes", settings=SETTINGS, draws=True
    )
    try:
        assert bench.ended() == 0, bench.output
        yield bench
    finally:
        bench.close()


def test_both_values_are_visited_in_every_round(compared: Bench) -> None:
    rows = [row for row in compared.rows() if row["kind"] == "window"]
    assert {row["along"] for row in rows} == {"recv_size"}
    for _, found in itertools.groupby(rows, key=lambda row: (row["block"], row["round"])):
        visited = [(row["strategy"], row["recv_size"]) for row in found]
        assert sorted(visited) == [("epoll", 1024), ("epoll", 65536), ("poll", 1024), ("poll", 65536)]


def test_who_cant_follow_is_a_row_with_its_reason(compared: Bench) -> None:
    assert [row["recv_size"] for row in compared.failures("uvloop")] == [1024, 65536]
    with (compared.folder / "cells.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["strategy"] == "uvloop"]
    assert [(row["status"], row["recv_size"]) for row in rows] == [("skipped", "1024"), ("skipped", "65536")]
    assert all("can't follow receive size" in row["reason"] for row in rows)


def test_the_run_says_what_its_cells_are_made_of(compared: Bench) -> None:
    told = compared.described
    assert [axis["name"] for axis in told["axes"]] == list(AXES)
    assert told["groups"][0]["recv_size"] == [1024, 65536]
    assert {axis["name"]: axis["usual"] for axis in told["axes"]}["recv_size"] == 65536


def test_cells_table_and_chart_have_both_values(compared: Bench) -> None:
    results = records.read(compared.folder)
    found = cells.tabulate(results).query("strategy == 'epoll'").set_index("recv_size")
    assert list(found.index) == [1024, 65536]
    assert found.loc[65536, "ratio"] == 1  # the usual value is what the other is held against
    assert found.loc[1024, "ratio"] != 1
    assert "epoll (1 KiB)" in compared.output
    assert "of 64 KiB" in compared.output
    assert (compared.folder / "charts/throughput_vs_recv_size.png").exists()


def test_unchecked_is_said_of_every_value_along(tmp_path: Path) -> None:
    options = ("--profile", "tiny", "--strategies", "lies", "--recv-sizes", "1KiB,64KiB", "--along", "recv-sizes")
    bench = Bench(tmp_path, {"lies": f"{MISBEHAVE} lies"}, *options, "--unchecked", settings=SETTINGS)
    try:
        bench.ended()
        assert {row["checked"] for row in bench.windows("lies")} == {False}
        assert {row["recv_size"] for row in bench.windows("lies")} == {1024, 65536}
    finally:
        bench.close()
