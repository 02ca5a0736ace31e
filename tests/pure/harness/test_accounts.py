"""The difference of two accounts of what a session has used."""

from dataclasses import replace

import pytest

from harness.accounts.cpu_ticks import Ticks
from harness.accounts.footprint import Activity

ACCOUNT = Activity(
    cpu_s=2.0,
    user_ticks=150,
    system_ticks=50,
    voluntary_switches=100,
    involuntary_switches=10,
    tasks=frozenset({(5, 5), (5, 6)}),
    ended_s=0.5,
)


def test_difference_of_two_accounts() -> None:
    later = replace(
        ACCOUNT, cpu_s=3.0, user_ticks=225, system_ticks=75, voluntary_switches=150, involuntary_switches=12
    )
    used = later - ACCOUNT
    assert (used.cpu_s, used.user_s, used.system_s) == (1.0, 0.75, 0.25)
    assert (used.voluntary_switches, used.involuntary_switches) == (50, 2)


def test_tasks_may_come() -> None:
    later = replace(ACCOUNT, tasks=ACCOUNT.tasks | {(7, 7)}, voluntary_switches=110)
    assert (later - ACCOUNT).voluntary_switches == 10


@pytest.mark.parametrize("change", [{"tasks": frozenset({(5, 5)})}, {"ended_s": 0.6}])
def test_tasks_may_not_go(change: dict[str, object]) -> None:
    later = replace(ACCOUNT, **change)  # type: ignore[arg-type]
    assert (later - ACCOUNT).voluntary_switches is None


def test_no_split_without_a_tick() -> None:
    used = replace(ACCOUNT, cpu_s=2.004) - ACCOUNT
    assert used.cpu_s == pytest.approx(0.004)
    assert (used.user_s, used.system_s) == (None, None)


@pytest.mark.parametrize(("told", "splits"), [(60, False), (90, True), (110, True), (140, False)])
def test_no_split_by_ticks_that_tell_too_little(told: int, splits: bool) -> None:
    """Of a CPU second, which has a hundred."""
    later = replace(ACCOUNT, cpu_s=3.0, user_ticks=ACCOUNT.user_ticks + told)
    assert (later - ACCOUNT).user_s == (1.0 if splits else None)


def test_where_its_own_ticks_tell_too_little_those_of_its_cpus_split() -> None:
    used = replace(ACCOUNT, cpu_s=3.0, user_ticks=ACCOUNT.user_ticks + 10) - ACCOUNT
    assert used.user_s is None
    assert used.split(Ticks(user=60, nice=15, system=20, softirq=5, idle=500)) == (0.75, 0.25)
    assert used.split(Ticks(user=150, system=50)) is None  # half of it was others' work
    assert used.split(Ticks()) is None


def test_its_own_ticks_come_first() -> None:
    used = replace(ACCOUNT, cpu_s=3.0, user_ticks=ACCOUNT.user_ticks + 75, system_ticks=75) - ACCOUNT
    assert used.split(Ticks(user=1, system=99)) == (0.75, 0.25)


def test_unknown_switches_stay_unknown() -> None:
    unknown = replace(ACCOUNT, voluntary_switches=None)
    assert (ACCOUNT - unknown).voluntary_switches is None
    assert (unknown - ACCOUNT).voluntary_switches is None
