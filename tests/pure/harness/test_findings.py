"""What stands in the way of good figures: each finding on made-up machines, and how machines are read."""

import shutil
from dataclasses import replace
from typing import Any

import pytest

from harness.accounts.cpu_ticks import Ticks
from harness.doctor import doctor, findings
from harness.doctor.findings import OtherUse
from tests.support.machines import SOUND
from tests.support.project import CONFIG


def test_nothing_is_wrong_with_a_sound_machine() -> None:
    assert [finding(SOUND).name for finding in findings.ALL if not finding(SOUND).ok] == []
    assert doctor.warnings_about(SOUND) == []


@pytest.mark.parametrize(
    ("change", "name", "seen"),
    [
        ({"cpus": [0], "server_cpus": [0], "loader_cpus": [0]}, "CPUs", "1 CPU; servers on CPU 0"),
        ({"server_cpus": [2, 3], "loader_cpus": [0, 2]}, "CPUs", "servers on CPU 2, 3, load generator on CPU 0, 2"),
        ({"pinning": False}, "pinning", "refuses"),
        ({"server_cpus": [1]}, "cores", "CPU 1 and CPU 0 are threads of one core"),
        ({"quota": 1.5}, "quota", "1.5 CPUs"),
        ({"governors": {0: "performance", 3: "powersave"}}, "frequency", "powersave"),
        ({"hypervisor": True}, "virtual machine", "hypervisor"),
        ({"others": OtherUse(2.0, steal=0.2, foreign=0.0)}, "steal", "20% of the CPU time of 2 s"),
        ({"others": OtherUse(2.0, steal=0.0, foreign=0.5)}, "other load", "50% of the CPU time of 2 s"),
        ({"descriptors": 4096}, "open files", "4,096"),
        ({"backlog": 128}, "listen backlog", "128"),
        ({"ports": 500}, "ports", "500 ephemeral ports"),
        ({"reuses_time_wait": False}, "TIME_WAIT", "not used again"),
        ({"memory": 2**29}, "memory", "0.5 GiB available"),
        ({"memory": 2**29, "is_group_short": True}, "memory", "0.5 GiB available in the control group"),
        ({"tasks": 900, "tasks_per_client": 4}, "processes", "900 more may be started"),
        ({"compiler": None}, "C compiler", "none"),
    ],
)
def test_each_finding_bites(change: dict[str, Any], name: str, seen: str) -> None:
    facts = replace(SOUND, **change)
    bitten = [found for finding in findings.ALL if not (found := finding(facts)).ok]
    assert name in [found.name for found in bitten]
    (found,) = [found for found in bitten if found.name == name]
    assert seen in found.seen
    assert found.why
    assert found.remedy
    others = [other.name for other in bitten if other.name != name]
    assert others == (["cores"] if name == "CPUs" and len(facts.cpus) > 1 else [])


@pytest.mark.parametrize(
    "change", [{"siblings": {}}, {"governors": {}}, {"reuses_time_wait": None}, {"quota": 4.0}, {"quota": None}]
)
def test_what_the_machine_does_not_tell_is_no_warning(change: dict[str, Any]) -> None:
    facts = replace(SOUND, **change)
    assert all(finding(facts).ok for finding in findings.ALL)


def test_a_run_warns_in_one_line_each_where_doctor_would() -> None:
    facts = replace(SOUND, server_cpus=[1], ports=500, descriptors=4096, others=OtherUse(0.2, steal=0.3, foreign=0.0))
    warnings = doctor.warnings_about(facts)
    assert [warning.partition(":")[0] for warning in warnings] == ["cores", "steal", "ports"]
    assert all("\n" not in warning for warning in warnings)
    assert "sysctl" in warnings[-1]


def test_a_run_can_ask_this_machine() -> None:
    assert all(isinstance(warning, str) for warning in doctor.warnings(CONFIG))


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0", {0}), ("0-1", {0, 1}), ("0,4", {0, 4}), ("0-1,8-9", {0, 1, 8, 9}), ("", set())],
)
def test_cpu_lists_of_the_kernel(text: str, cpus: set[int]) -> None:
    assert findings.cpu_list(text) == cpus


def test_steal_and_foreign_load_of_the_ticks_that_passed() -> None:
    passed = Ticks(user=30, nice=5, system=10, idle=310, iowait=5, irq=2, softirq=3, steal=35)
    assert passed.total == 400
    assert findings.other_use_of(passed, own=10, seconds=2.0) == OtherUse(2.0, steal=35 / 400, foreign=(50 - 10) / 400)


def test_no_tick_passed() -> None:
    assert findings.other_use_of(Ticks(), own=0.5, seconds=0.1) == OtherUse(0.1, 0.0, 0.0)


def test_watching_sees_all_cpus_together() -> None:
    seen = findings.watch([0], 0.05)
    assert 0 <= seen.steal <= 1
    assert 0 <= seen.foreign <= 1


def test_compiler_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "sh -c")
    assert findings.find_compiler() == f"{shutil.which('sh')} -c"
    monkeypatch.setenv("CC", "no-such-compiler")
    assert findings.find_compiler() is None
