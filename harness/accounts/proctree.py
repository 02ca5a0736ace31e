"""What a server used: CPU time and page faults of its whole session, ended children included.

Live processes are read with the kernel's per-process CPU clock (nanoseconds, threads that ended included).
Children that were waited for are in their parent's account, which /proc tells in clock ticks (10 ms): only
servers that fork for each connection depend on that, and over many windows its rounding cancels.
"""

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass

from harness.accounts.cpu_ticks import TICK_S
from harness.processes import stat
from harness.processes.session import processes

_ATTEMPTS = 4


@dataclass(frozen=True)
class Usage:
    cpu_s: float = 0.0
    minor_faults: int = 0
    major_faults: int = 0
    processes: int = 0

    def __sub__(self, before: "Usage") -> "Usage":
        """What was used since; the number of processes is today's."""
        return Usage(
            self.cpu_s - before.cpu_s,
            self.minor_faults - before.minor_faults,
            self.major_faults - before.major_faults,
            self.processes,
        )


def usage(session: int) -> Usage:
    """The account of a session up to now."""
    for _ in range(_ATTEMPTS):
        parts = [_of_process(pid) for pid in processes(session)]
        complete = [part for part in parts if part is not None]
        if len(complete) == len(parts):
            break  # else one ended while we read, and is in its parent's account by now: read again
    return Usage(
        sum(part.cpu_s for part in complete),
        sum(part.minor_faults for part in complete),
        sum(part.major_faults for part in complete),
        len(complete),
    )


def clocks(pids: Iterable[int]) -> dict[int, float]:
    """CPU seconds of each of these processes that hasn't ended, children excluded: cheap enough to be asked often."""
    found = {}
    for pid in pids:
        try:
            found[pid] = _clock(pid)
        except OSError:
            continue
    return found


def wants_cpu(session: int) -> bool:
    """Whether a process of it runs, or would: where others have the CPU its clock stands still all the same."""
    for pid in processes(session):
        with contextlib.suppress(OSError):  # it has just ended
            if stat.fields(pid)[stat.STATE] in stat.RUNS:
                return True
    return False


def gained(after: dict[int, float], before: dict[int, float]) -> float:
    """CPU seconds between two readings of clocks; who has come in between began at nought, who has ended is lost."""
    return sum(at_s - before.get(pid, 0.0) for pid, at_s in after.items())


def _clock(pid: int) -> float:
    """Raises OSError of one that has ended."""
    return time.clock_gettime(~pid << 3 | 2)  # CPUCLOCK_SCHED of a process: see clock_getcpuclockid(3)


def _of_process(pid: int) -> Usage | None:
    try:
        told = stat.fields(pid)
        own_s = _clock(pid)
    except OSError:
        return None
    children_s = (int(told[stat.CHILDRENS_USER]) + int(told[stat.CHILDRENS_SYSTEM])) * TICK_S
    return Usage(
        own_s + children_s,
        int(told[stat.MINOR_FAULTS]) + int(told[stat.CHILDRENS_MINOR_FAULTS]),
        int(told[stat.MAJOR_FAULTS]) + int(told[stat.CHILDRENS_MAJOR_FAULTS]),
        1,
    )
