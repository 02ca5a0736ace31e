"""What doctor says: its findings on made-up machines, its arithmetic on known numbers, and short looks at this one."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis import noise
from analysis.noise import Noise
from harness import machine
from harness.accounts.cpu_ticks import Ticks
from harness.config import ConfigError
from harness.doctor import doctor, findings
from harness.doctor.ceiling import Point
from harness.doctor.doctor import Diagnosis, Extent
from harness.doctor.findings import Facts, OtherUse
from tests.support.project import CONFIG

SOUND = Facts(
    cpus=[0, 1, 2, 3],
    pinning=True,
    server_cpus=[3],
    loader_cpus=[0],
    siblings={0: frozenset({0, 1}), 1: frozenset({0, 1}), 2: frozenset({2, 3}), 3: frozenset({2, 3})},
    quota=None,
    governors={0: "performance", 3: "performance"},
    hypervisor=False,
    descriptors=100_000,
    backlog=4096,
    ports=28_232,
    reuses_time_wait=True,
    memory=16 * 2**30,
    memory_per_client=2 * 2**20,
    strategies=14,
    compiler="/usr/bin/cc",
    others=OtherUse(seconds=2.0, steal=0.001, foreign=0.01),
)
QUIET = Noise(
    ratio=1.001, ratio_low=0.99, ratio_high=1.01, window_sd=0.05, block_sd=0.0, round_s=0.25, block_cost_s=0.5
)


# --- the cheap findings --------------------------------------------------------------------------------------


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


# --- the noise ---------------------------------------------------------------------------------------------


def rates(blocks: list[list[float]]) -> list[list[tuple[float, float]]]:
    """Pairs of rates with these logarithms of their ratios."""
    return [[(math.exp(ratio) * 1000, 1000.0) for ratio in block] for block in blocks]


def test_spread_of_windows_alone() -> None:
    """Blocks of equal means: all that differs is within them."""
    found = noise.estimated(rates([[0.1, -0.1], [0.1, -0.1], [-0.1, 0.1]]), round_s=0.25, block_cost_s=0.5)
    assert found.window_sd == pytest.approx(math.sqrt(0.02))
    assert found.block_sd == 0
    assert (found.ratio, found.ratio_low, found.ratio_high) == pytest.approx((1, 1, 1))


def test_spread_of_blocks_alone() -> None:
    """Windows of a block all alike: all that differs is between them."""
    found = noise.estimated(rates([[0.1, 0.1], [-0.1, -0.1], [0.3, 0.3]]), round_s=0.25, block_cost_s=0.5)
    assert found.window_sd == 0
    assert found.block_sd == pytest.approx(0.2)
    half = 4.302653 * 0.2 / math.sqrt(3)  # Student's t for three blocks
    assert found.ratio == pytest.approx(math.exp(0.1))
    assert found.ratio_low == pytest.approx(math.exp(0.1 - half))
    assert found.ratio_high == pytest.approx(math.exp(0.1 + half))


def test_both_spreads() -> None:
    found = noise.estimated(rates([[0.5, 0.3], [-0.3, -0.5]]), round_s=0.25, block_cost_s=0.5)
    assert found.window_sd == pytest.approx(math.sqrt(0.02))
    assert found.block_sd == pytest.approx(math.sqrt(0.32 - 0.02 / 2))  # less what two rounds explain


def test_smallest_difference_where_two_blocks_of_one_round_fit() -> None:
    found = replace(QUIET, window_sd=0.01, round_s=1.0, block_cost_s=3.0)
    half = 12.706205 * 0.01 / math.sqrt(2)
    assert found.smallest_difference(9.0) == pytest.approx(math.expm1(half), rel=1e-6)


def test_smallest_difference_counts_every_round_that_fits() -> None:
    found = replace(QUIET, window_sd=0.01, round_s=0.1, block_cost_s=4.5)
    half = 12.706205 * 0.01 / math.sqrt(5 * 2)  # five rounds in each of two blocks
    assert found.smallest_difference(10.0) == pytest.approx(math.expm1(half), rel=1e-6)


def test_smallest_difference_where_blocks_are_the_noise() -> None:
    """Then only blocks help: as many as there can be, one round each."""
    found = replace(QUIET, window_sd=0.0, block_sd=0.1, round_s=0.5, block_cost_s=0.5)
    half = 2.262157 * 0.1 / math.sqrt(10)
    assert found.smallest_difference(10.0) == pytest.approx(math.expm1(half), rel=1e-6)


def test_fixed_cost_of_a_block_makes_the_difference_larger() -> None:
    costs = [replace(QUIET, block_cost_s=cost).smallest_difference(60.0) for cost in (0.1, 1.0, 10.0)]
    assert None not in costs
    assert costs == sorted(costs)  # type: ignore[type-var]
    assert costs[0] != costs[2]


def test_more_time_shows_smaller_differences() -> None:
    in_10_s, in_60_s, in_10_min = (QUIET.smallest_difference(budget) for budget in doctor.BUDGETS_S)
    assert in_10_s is not None
    assert in_60_s is not None
    assert in_10_min is not None
    assert in_10_s > in_60_s > in_10_min > 0


def test_the_interval_to_be_expected_of_a_plan() -> None:
    half = 2.570582 * math.sqrt((0.18**2 / 4 + 0.03**2) / 6)  # Student's t for six blocks
    assert noise.expected_interval(blocks=6, rounds=4) == pytest.approx(half, rel=1e-6)


def test_no_difference_where_two_blocks_do_not_fit() -> None:
    assert QUIET.smallest_difference(1.4) is None


@pytest.mark.parametrize(
    ("found", "ok"), [(QUIET, True), (replace(QUIET, block_sd=0.2), False), (replace(QUIET, block_cost_s=50.0), False)]
)
def test_noisy_machine_is_told(found: Noise, ok: bool) -> None:
    assert doctor.noise_finding(found).ok is ok


# --- what is kept ------------------------------------------------------------------------------------------

CEILING = [Point(100, 64, 190_000.0, False), Point(1, 64, 21_000.5, True)]
FOUND = Diagnosis([findings.steal(SOUND), doctor.ceiling_finding(CEILING, "")], "compiled", QUIET, CEILING)


def test_record(tmp_path: Path) -> None:
    record = json.loads(doctor.keep(FOUND, tmp_path).read_text())
    assert set(record) == {"schema", "measured_at", "machine", "loop", "noise", "ceiling", "findings"}
    assert (record["schema"], record["loop"], record["machine"]) == (2, "compiled", machine.facts())
    assert record["ceiling"] == [
        {"clients": 100, "message_size": 64, "requests_per_second": 190_000.0, "lower_bound": False},
        {"clients": 1, "message_size": 64, "requests_per_second": 21_000.5, "lower_bound": True},
    ]
    assert set(record["findings"][0]) == {"name", "ok", "seen", "why", "remedy"}
    assert set(record["noise"]["smallest_difference"]) == {"10", "60", "600"}
    assert [path.name for path in tmp_path.iterdir()] == ["doctor.json"]


def test_ceiling_of_this_machine_and_loop(tmp_path: Path) -> None:
    doctor.keep(FOUND, tmp_path)
    ceiling = doctor.ceiling_for(tmp_path, "compiled")
    assert ceiling is not None
    assert [(point["clients"], point["message_size"]) for point in ceiling] == [(100, 64), (1, 64)]


def test_ceiling_of_another_loop_is_refused(tmp_path: Path) -> None:
    doctor.keep(FOUND, tmp_path)
    assert doctor.ceiling_for(tmp_path, "python") is None


@pytest.mark.parametrize("fact", machine.facts())
def test_ceiling_of_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fact: str) -> None:
    doctor.keep(FOUND, tmp_path)
    here = machine.facts()
    monkeypatch.setattr(machine, "facts", lambda: here | {fact: "another"})
    assert doctor.ceiling_for(tmp_path, "compiled") is None


@pytest.mark.parametrize("text", [None, "", "[]", '{"schema": 1}', "{"])
def test_no_ceiling_where_there_is_no_sound_file(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "doctor.json").write_text(text)
    assert doctor.ceiling_for(tmp_path, "compiled") is None


def test_ceiling_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = doctor.keep(FOUND, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 1}))
    assert doctor.ceiling_for(tmp_path, "compiled") is None


def test_unwritable_folder_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="can't be written"):
        doctor.visit(CONFIG, tmp_path / "file" / "results", noise.estimated, Extent())


# --- what is said ------------------------------------------------------------------------------------------


def test_warnings_are_told_with_reason_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    noisy = findings.steal(replace(SOUND, others=OtherUse(2.0, 0.3, 0.0)))
    sound = findings.ports(SOUND)
    doctor.say(Diagnosis([sound, noisy], "compiled", QUIET, CEILING))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f"ok ports {sound.seen}" in lines
    assert f"warning steal {noisy.seen}" in lines
    assert f"why: {noisy.why}" in lines
    assert f"remedy: {noisy.remedy}" in lines
    assert "100 64 B 190,000 requests/s" in lines
    assert "1 64 B at least 21,000 requests/s" in lines
    assert f"why: {sound.why}" not in lines


def test_lower_bound_is_told_as_such() -> None:
    assert "at least 21,000 requests/s" in doctor.ceiling_finding(CEILING[1:], "").seen


# --- short looks at this machine ---------------------------------------------------------------------------
