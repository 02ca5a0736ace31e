"""What CPUs did, in ticks: arithmetic on made-up numbers, and a reading of this machine."""

import os

from harness.accounts import cpu_ticks
from harness.accounts.cpu_ticks import Ticks

EARLY = Ticks(user=1000, nice=10, system=500, idle=9000, iowait=10, irq=5, softirq=20, steal=100)
LATER = Ticks(user=1050, nice=10, system=520, idle=9020, iowait=13, irq=6, softirq=24, steal=107)


def test_what_passed_between_two_readings() -> None:
    passed = LATER - EARLY
    assert passed == Ticks(user=50, system=20, idle=20, iowait=3, irq=1, softirq=4, steal=7)
    assert EARLY + passed == LATER
    assert (passed.total, passed.busy) == (105, 75)


def test_readings_of_this_machine() -> None:
    cpus = sorted(os.sched_getaffinity(0))
    first = cpu_ticks.read(cpus)
    assert first.total > 0
    assert (cpu_ticks.read(cpus) - first).total >= 0
    assert cpu_ticks.read([]) == Ticks()
    assert cpu_ticks.read(cpus[:1]).total <= cpu_ticks.read(cpus).total
