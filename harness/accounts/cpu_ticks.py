"""What a set of CPUs did, in clock ticks (10 ms), whoever did it: /proc/stat.

For a while in which one server alone works on its CPUs this splits its time into user and system even where it is
spread over so many processes that each of them has used less than a tick.
"""

import os
from collections.abc import Collection
from dataclasses import astuple, dataclass
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ticks:
    """In the order of the kernel's columns."""

    user: int = 0
    nice: int = 0
    system: int = 0
    idle: int = 0
    iowait: int = 0
    irq: int = 0
    softirq: int = 0
    steal: int = 0

    def __add__(self, other: "Ticks") -> "Ticks":
        return Ticks(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, before: "Ticks") -> "Ticks":
        return Ticks(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))

    @property
    def total(self) -> int:
        return sum(astuple(self))

    @property
    def busy(self) -> int:
        return self.total - self.idle - self.iowait - self.steal


def stolen_s(cpus: Collection[int], before: Ticks) -> float:
    """Seconds that the host gave away since then, as the mean of these CPUs."""
    return (read(cpus) - before).steal * TICK_S / max(1, len(cpus))


def read(cpus: Collection[int]) -> Ticks:
    """Since the machine started, of these CPUs together."""
    wanted = {f"cpu{cpu}" for cpu in cpus}
    rows = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    return sum((Ticks(*map(int, row[1:9])) for row in rows if row[0] in wanted), Ticks())
