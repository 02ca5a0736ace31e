"""CPUs as an axis: how many servers run on, which ones those are, and what a plan says of it."""

import os
import re
from pathlib import Path

import pytest

from analysis.judging import cells
from analysis.judging.crossovers import passings
from analysis.records import reading as records
from analysis.records.machine import server_cpus
from harness.config import Config, ConfigError, read
from harness.machine import cpus_for_servers
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from tests.support.made_up import folder_of, window
from tests.support.project import ROOT
from tests.support.sheets import chart_of

PROFILE = """
[profiles.tiny]
blocks = 2
rounds = 3
matrix = [{ service = ["echo"], clients = [3], sizes = [64]%s }]
"""


@pytest.fixture(autouse=True)
def four_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})


def configured(folder: Path, more: str = "", settings: str = "") -> Config:
    (folder / "mine.toml").write_text(PROFILE % more + settings)
    return read(ROOT / "bench.toml", folder / "mine.toml")


def planned(config: Config, overrides: Overrides | None = None) -> Plan:
    return plan.make(config, selection.select(config, "epoll,select"), "tiny", overrides or Overrides())


@pytest.mark.parametrize(
    ("settings", "of_counts"),
    [
        ("", [[3], [2, 3], [1, 2, 3], [0, 1, 2, 3]]),
        ("[servers]\ncpus = [0]\n", [[0], [3, 0], [2, 3, 0]]),
        ("[servers]\ncpus = [1, 2]\n", [[2], [1, 2], [3, 1, 2]]),
        ("[loadgen]\ncpus = [3]\n", [[2], [1, 2], [0, 1, 2], [3, 0, 1, 2]]),
    ],
)
def test_the_last_cpus_are_the_servers(tmp_path: Path, settings: str, of_counts: list[list[int]]) -> None:
    config = configured(tmp_path, settings=settings)
    assert [cpus_for_servers(config, count + 1) for count in range(len(of_counts))] == of_counts


def test_numbers_of_cpus_are_members_of_one_group(tmp_path: Path) -> None:
    made = planned(configured(tmp_path, ', cpus = [2, 1], along = "cpus"'))
    (group,) = made.groups
    assert str(group) == "echo, 3 clients, 64 B, 1 CPU | 2 CPUs"
    assert made.members(group) == ["select", "select (2 CPUs)", "epoll", "epoll (2 CPUs)"]
    assert [made.entries[group][name].cpus for name in made.members(group)] == [[3], [2, 3]] * 2
    assert made.servers_a_block == 4
    assert made.servers_cpus == [[3], [2, 3]]
    assert [note.kind for note in made.notes] == []


def test_a_plan_without_it_stays_what_it_was(tmp_path: Path) -> None:
    plain, one = (planned(configured(tmp_path, more)) for more in ("", ", cpus = [1]"))
    assert repr(plain.groups) == repr(one.groups) == '[Group({"clients": 3, "along": ""})]'
    assert list(map(str, plain.groups)) == ["echo, 3 clients, 64 B"]
    assert plain.servers_cpus == [[3]]


def test_servers_on_the_loader_s_cpu_are_named(tmp_path: Path) -> None:
    some = planned(configured(tmp_path, ', cpus = [1, 4], along = "cpus"'))
    assert [str(note).partition(":")[0] for note in some.notes] == ["servers on 4 CPUs and load generator share a CPU"]
    all_ = planned(configured(tmp_path, ", cpus = [4]"))
    assert [str(note).partition(":")[0] for note in all_.notes] == ["servers and load generator share a CPU"]


def test_cpus_that_are_not_there_are_refused_by_those_that_are(tmp_path: Path) -> None:
    told = "5 CPUs for the servers, and there are 4 CPUs here (0, 1, 2, 3); take no more"
    with pytest.raises(ConfigError, match=re.escape(f"mine.toml: profiles.tiny: cpus: {told}")):
        planned(configured(tmp_path, ", cpus = [1, 5]"))
    with pytest.raises(ConfigError, match=re.escape(f"--cpus: {told}")):
        planned(configured(tmp_path), Overrides({"cpus": [5]}))


@pytest.mark.parametrize("count", ["0", "-1", '"two"', "1.5"])
def test_what_is_no_number_of_cpus_is_refused(tmp_path: Path, count: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml: profiles\.tiny\.matrix\.0\.cpus\.0"):
        configured(tmp_path, f", cpus = [{count}]")


def test_charts_and_shares_are_by_the_number_of_cpus(tmp_path: Path) -> None:
    lines = [
        window(name, block=block, along="server_cpus", server_cpus=cpus, requests=1000 * len(cpus.split()),
               server_cpu_s=0.1 * len(cpus.split()), loader_wall_s=0.1, started_ns=block)
        for block in range(2) for name in ("epoll", "poll") for cpus in ("1", "0 1", "0 1 2")
    ]  # fmt: skip
    groups = [{"server_cpus": ["1", "0 1", "0 1 2"]}]
    results = records.read(folder_of(tmp_path, lines, groups=groups, strategies={"epoll": {}, "poll": {}}))
    found = cells.tabulate(results)
    assert found["server_cpus"].to_list() == ["1", "0 1", "0 1 2"] * 2
    assert found["server_cpu_share"].to_list() == [pytest.approx(1), pytest.approx(1), pytest.approx(1)] * 2
    assert found["ratio"].to_list() == [pytest.approx(ratio) for ratio in (1, 2, 3)] * 2
    assert server_cpus(results.run) == "1 or 0, 1 or 0, 1, 2"
    assert passings(results, found) == []  # nobody passes anybody between one CPU and two
    drawn = chart_of("throughput_vs_cpus", results, found)
    (axes,) = drawn.axes
    assert axes.get_xlabel() == "number of CPUs"
    assert [round(float(x)) for x in axes.get_xticks()] == [1, 2, 3]


def test_the_foot_names_the_cpus_that_servers_ran_on() -> None:
    """The default of the run isn't one of them where every group says its own."""
    assert server_cpus({"server_cpus": [3], "groups": [{"server_cpus": "2 3"}]}) == "2, 3"
    assert server_cpus({"server_cpus": [3], "groups": [{"server_cpus": ["3", "2 3"]}]}) == "3 or 2, 3"
    assert server_cpus({"server_cpus": [1], "groups": [{}]}) == "1"  # an older run's
    assert server_cpus({}) == ""
