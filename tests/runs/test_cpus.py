"""Runs that compare numbers of CPUs, on the CPUs that there are."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench

SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
[profiles.tiny]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [3], sizes = [64], cpus = [1, 2], along = "cpus" }]
[strategies]
"""
AVAILABLE = sorted(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    if len(AVAILABLE) < 2:
        pytest.skip("one CPU is nothing to compare")
    bench = Bench(tmp_path_factory.mktemp("cpus"), {}, "--profile", "tiny", "--strategies", "epoll,prefork",
                  settings=SETTINGS, draws=True)  # fmt: skip
    try:
        assert bench.ended() == 0, bench.output
        yield bench
    finally:
        bench.close()


def test_both_numbers_have_servers_of_their_own_in_every_round(compared: Bench) -> None:
    few, many = str(AVAILABLE[-1]), " ".join(map(str, AVAILABLE[-2:]))
    rows = [row for row in compared.rows() if row["kind"] == "window"]
    for _, found in itertools.groupby(rows, key=lambda row: (row["block"], row["round"])):
        visited = sorted((row["strategy"], row["server_cpus"]) for row in found)
        assert visited == sorted([("epoll", few), ("epoll", many), ("prefork", few), ("prefork", many)])
    assert compared.failures("epoll") == compared.failures("prefork") == []


def test_the_terminal_says_which(compared: Bench) -> None:
    assert "epoll (2 CPUs)" in compared.output
    assert "of 1 CPU" in compared.output
    shared = "servers on 2 CPUs and load generator share a CPU"
    assert (shared in " ".join(compared.output.split())) == (len(AVAILABLE) == 2)
    assert (compared.folder / "charts/throughput_vs_cpus.png").exists()


def test_cpus_that_are_not_there_are_one_line(tmp_path: Path) -> None:
    options = ("--profile", "tiny", "--strategies", "epoll", "--cpus", "999", "--along", "none")
    bench = Bench(tmp_path, {}, *options, settings=SETTINGS)
    try:
        assert bench.ended() == 2
        (line,) = bench.output.strip().splitlines()
        assert f"--cpus: 999 CPUs for the servers, and there are {len(AVAILABLE)} CPU" in line
    finally:
        bench.close()
