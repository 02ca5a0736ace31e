"""What control groups allow, on made-up trees of both versions; and what they and the host took from a block."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import control_groups, machine
from harness.accounts import cpu_ticks, surroundings
from harness.accounts.cpu_ticks import TICK_S, Ticks
from harness.doctor import findings
from harness.plan import plan, selection
from harness.plan.plan import Overrides
from tests.support.project import CONFIG

GIB = 2**30
Tree = Callable[[str, dict[str, str]], None]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Makes the mount and what /proc/self/cgroup says."""
    monkeypatch.setattr(control_groups, "MOUNT", tmp_path / "cgroup")
    monkeypatch.setattr(control_groups, "OWN", tmp_path / "own")

    def made(own: str, files: dict[str, str]) -> None:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")

    return made


def said() -> tuple[float | None, int | None, int | None, int | None]:
    return (control_groups.cpus(), control_groups.memory_left(), control_groups.tasks_left(),
            control_groups.throttled())  # fmt: skip


def test_without_control_groups_nothing_is_limited() -> None:
    """The real ones of this machine can be read, whatever they say."""
    assert all(value is None or value >= 0 for value in said())
    assert machine.available_memory() <= machine.free_memory() + GIB  # two readings at two moments


def test_a_host_s_root_has_no_limits(tree: Tree) -> None:
    tree("0::/\n", {"cgroup.controllers": "cpu memory pids", "cpu.stat": "usage_usec 5\nuser_usec 3"})
    assert said() == (None, None, None, None)


def test_version_2_in_a_container(tree: Tree) -> None:
    tree("0::/\n", {
        "cpu.max": "150000 100000", "cpu.stat": "nr_periods 9\nnr_throttled 4",
        "memory.max": str(3 * GIB), "memory.current": str(2 * GIB), "memory.stat": f"anon 5\ninactive_file {GIB}",
        "pids.max": "100", "pids.current": "60",
    })  # fmt: skip
    assert said() == (1.5, 2 * GIB, 40, 4)


def test_version_2_nested_takes_the_least_of_all(tree: Tree) -> None:
    """systemd's CPUQuota= lies on a unit; another limit may lie above or below it."""
    tree("0::/user.slice/job.scope\n", {
        "cpu.max": "max 100000",
        "user.slice/cpu.max": "50000 100000", "user.slice/cpu.stat": "nr_throttled 3",
        "user.slice/memory.max": "max", "user.slice/memory.current": "7",
        "user.slice/pids.max": "20", "user.slice/pids.current": "30",
        "user.slice/job.scope/cpu.max": "200000 100000", "user.slice/job.scope/cpu.stat": "nr_throttled 2",
        "user.slice/job.scope/memory.max": str(GIB), "user.slice/job.scope/memory.current": "0",
        "user.slice/job.scope/pids.max": "max", "user.slice/job.scope/pids.current": "1",
        "user.slice/other.scope/cpu.max": "1000 100000",  # a neighbour's
    })  # fmt: skip
    assert said() == (0.5, GIB, 0, 5)


V1 = """12:pids:/docker/ab
5:cpu,cpuacct:/docker/ab
4:memory:/docker/ab/inner
1:name=systemd:/docker/ab
"""


def test_version_1_nested(tree: Tree) -> None:
    tree(V1, {
        "cpu,cpuacct/cpu.cfs_quota_us": "-1", "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/docker/ab/cpu.cfs_quota_us": "250000", "cpu,cpuacct/docker/ab/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/docker/ab/cpu.stat": "nr_periods 9\nnr_throttled 7\nthrottled_time 5",
        "memory/memory.limit_in_bytes": "9223372036854771712", "memory/memory.usage_in_bytes": "5",
        "memory/docker/ab/memory.limit_in_bytes": str(2 * GIB),
        "memory/docker/ab/memory.usage_in_bytes": str(GIB),
        "memory/docker/ab/memory.stat": f"inactive_file 5\ntotal_inactive_file {GIB // 2}",
        "memory/docker/ab/inner/memory.limit_in_bytes": str(4 * GIB),
        "memory/docker/ab/inner/memory.usage_in_bytes": "0",
        "pids/docker/ab/pids.max": "50", "pids/docker/ab/pids.current": "8",
    })  # fmt: skip
    assert said() == (2.5, 3 * GIB // 2, 42, 7)


def test_version_1_in_a_container_that_sees_the_host_s_path(tree: Tree) -> None:
    """The path isn't there: the mount itself is the group. A controller may be mounted under its own name."""
    tree(V1, {"cpu/cpu.cfs_quota_us": "120000", "cpu/cpu.cfs_period_us": "100000"})
    assert control_groups.cpus() == 1.2


def test_both_versions_side_by_side(tree: Tree) -> None:
    tree("4:cpu:/\n0::/a\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000",
                              "unified/a/pids.max": "5", "unified/a/pids.current": "2"})  # fmt: skip
    assert said() == (None, None, 3, None)


@pytest.mark.parametrize("own", ["", "nonsense\n", "0::/../../elsewhere\n"])
def test_what_can_t_be_understood_is_no_limit(tree: Tree, own: str) -> None:
    tree(own, {"memory.max": "much", "memory.current": "5", "cpu.max": "", "pids.max": "\n"})
    assert said() == (None, None, None, None)


def test_memory_is_planned_by_what_the_group_leaves(tree: Tree) -> None:
    tree("0::/\n", {"memory.max": str(64 * 2**20), "memory.current": "0"})
    assert machine.available_memory() == 64 * 2**20
    made = plan.make(CONFIG, selection.select(CONFIG, "forking,epoll"), "quick", Overrides({"clients": [40]}))
    assert list(made.waves.values()) == [[["forking"], ["epoll"]]]  # 44 MiB for the one, 2.5 for the other


def test_doctor_says_them(tree: Tree) -> None:
    tree("0::/\n", {"memory.max": str(GIB), "memory.current": "0", "cpu.max": "100000 100000",
                    "pids.max": "900", "pids.current": "0"})  # fmt: skip
    facts = findings.look([0], [0], CONFIG.strategies.values(), 0.01)
    assert findings.quota(facts).seen == "held to the time of 1 CPU"
    assert findings.memory(facts).seen.startswith("1.0 GiB available in the control group; ")
    assert findings.tasks(facts).seen == ("900 more may be started; those with one for each of 500 clients take 2,000")
    assert not any(finding(facts).ok for finding in (findings.quota, findings.memory, findings.tasks))


# --- what was taken from a block ---------------------------------------------------------------------------------


def test_a_block_s_steal_and_stops_are_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree("0::/\n", {"cpu.stat": "nr_throttled 3"})
    ticks = iter([Ticks(idle=100, steal=5), Ticks(user=150, idle=200, steal=55)])
    monkeypatch.setattr(cpu_ticks, "read", lambda cpus: next(ticks))
    told: list[dict[str, Any]] = []
    with surroundings.watched([0], told.append):
        tree("0::/\n", {"cpu.stat": "nr_throttled 10"})
    assert told == [{"cpu_s": 300 * TICK_S, "steal_s": 50 * TICK_S, "iterations_per_ms": None, "throttled": 7}]


def test_where_stops_are_not_told_they_are_null(tree: Tree) -> None:
    tree("", {})
    told: list[dict[str, Any]] = []
    with surroundings.watched([0], told.append):
        pass
    assert told[0]["throttled"] is None
