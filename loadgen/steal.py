"""What the host of a virtual machine took of this process's CPUs: nobody else can tell where those are elsewhere."""

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
STEAL = 8  # the field of a line of /proc/stat


def stolen_s() -> float:
    """Seconds since the machine started, as the mean of the CPUs that this process may run on."""
    names = {f"cpu{cpu}" for cpu in os.sched_getaffinity(0)}
    lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    return sum(int(line[STEAL]) for line in lines if line[0] in names) * TICK_S / max(1, len(names))
