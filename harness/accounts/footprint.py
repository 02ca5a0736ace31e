"""What a server takes up and does beside its CPU time: memory, processes, threads, context switches.

Both look at a whole session, as proctree does. A page that forked children share is divided among them, so their sum
is what the tree really holds (PSS). Pages of files are divided among all processes of the machine that use them: what
they come to depends on who else runs, so what is a session's own is told apart.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.accounts import proctree
from harness.accounts.cpu_ticks import TICK_S, Ticks
from harness.processes import stat
from harness.processes.session import processes

_PAGE = os.sysconf("SC_PAGE_SIZE")
_NS = 1e-9
_UNTOLD_SHARE = 0.2  # of the CPU time: if the ticks differ from it by more, they don't split it either
# What the CPU clocks of a process and of its threads may differ by though none ended: a thread that runs while we
# read is accounted for at the next tick, and the dead children's time is told in whole ticks.
_UNTOLD_S = 0.02
_OWN = ("Pss_Anon", "Pss_Shmem", "SwapPss")  # a session's, wherever it is; pages of files are none of it


@dataclass(frozen=True)
class Memory:
    """Bytes, and what shares them. `measure` is "rss" where the kernel doesn't tell PSS: shared pages count often."""

    pss_bytes: int
    processes: int
    threads: int
    measure: Literal["pss", "rss"]
    own_bytes: int | None  # those that are no pages of files; None where nobody lives, or the kernel doesn't tell


@dataclass(frozen=True)
class Activity:
    """The account of a session up to some moment; the difference of two is what it did in between.

    Context switches are told of living threads only. A difference has None for them where threads or processes
    ended in between, as theirs are lost.
    """

    cpu_s: float  # as proctree tells it: nanoseconds of the living, clock ticks of the dead
    user_ticks: int  # these two split it, and are too coarse for more
    system_ticks: int
    voluntary_switches: int | None
    involuntary_switches: int | None
    tasks: frozenset[tuple[int, int]]  # process and thread ids of the living
    ended_s: float  # CPU seconds of threads and processes that have ended

    @property
    def user_s(self) -> float | None:
        """The part of `cpu_s` spent in user mode; None where the ticks don't tell enough of it to split it by.

        They are rounded down for each process: hundreds of forked children that used less than a tick each have
        used next to nothing by them. See `split`.
        """
        return self._user_s(self.user_ticks, self.user_ticks + self.system_ticks)

    @property
    def system_s(self) -> float | None:
        """The part of `cpu_s` spent in the kernel; see `user_s`."""
        return None if self.user_s is None else self.cpu_s - self.user_s

    def split(self, meanwhile: Ticks) -> tuple[float, float] | None:
        """User and system seconds: by the session's own ticks or, where they tell too little, by those of its CPUs.

        `meanwhile` is what the CPUs did while this session alone worked on them. None where neither tells enough,
        which for the CPUs means that they worked for others too.
        """
        user_s = self.user_s
        if user_s is None:
            user_s = self._user_s(meanwhile.user + meanwhile.nice, meanwhile.busy)
        return None if user_s is None else (user_s, self.cpu_s - user_s)

    def _user_s(self, user_ticks: int, told: int) -> float | None:
        if not told or abs(self.cpu_s - told * TICK_S) > _UNTOLD_SHARE * self.cpu_s:
            return None
        return self.cpu_s * user_ticks / told

    def __sub__(self, before: "Activity") -> "Activity":
        came_and_went = not before.tasks <= self.tasks or self.ended_s - before.ended_s > _UNTOLD_S
        return Activity(
            self.cpu_s - before.cpu_s,
            self.user_ticks - before.user_ticks,
            self.system_ticks - before.system_ticks,
            None if came_and_went else _difference(self.voluntary_switches, before.voluntary_switches),
            None if came_and_went else _difference(self.involuntary_switches, before.involuntary_switches),
            self.tasks,
            self.ended_s - before.ended_s,
        )


def memory(session: int) -> Memory:
    """What the living processes of a session hold now; nothing for a session that is gone."""
    living = [process for process in _processes(session) if not process.is_zombie]
    rollups = [_rollup(process.pid) for process in living]
    told = [rollup for rollup in rollups if rollup is not None]
    in_full = len(told) == len(living)  # a mixture of both measures would be neither
    return Memory(
        pss_bytes=sum(rollup.get("Pss", 0) for rollup in told)
        if in_full
        else sum(_rss(process.pid) for process in living),
        processes=len(living),
        threads=sum(process.threads for process in living),
        measure="pss" if in_full else "rss",
        own_bytes=_sum(map(_own, told)) if living and in_full else None,
    )


def activity(session: int) -> Activity:
    """What a session has done up to now, ended children included."""
    processes = list(_processes(session))
    tasks = [task for process in processes if not process.is_zombie for task in _tasks(process.pid)]
    cpu_s = proctree.usage(session).cpu_s
    return Activity(
        cpu_s=cpu_s,
        user_ticks=sum(process.user_ticks for process in processes),
        system_ticks=sum(process.system_ticks for process in processes),
        voluntary_switches=_sum(task.voluntary for task in tasks),
        involuntary_switches=_sum(task.involuntary for task in tasks),
        tasks=frozenset((task.pid, task.tid) for task in tasks),
        ended_s=cpu_s - sum(task.cpu_s for task in tasks),
    )


@dataclass(frozen=True)
class _Process:
    pid: int
    is_zombie: bool
    threads: int
    user_ticks: int  # children that were waited for included
    system_ticks: int


@dataclass(frozen=True)
class _Task:
    pid: int
    tid: int
    voluntary: int | None  # None where the kernel doesn't tell
    involuntary: int | None
    cpu_s: float


def _processes(session: int) -> Iterator[_Process]:
    """All of a session, from one small file each."""
    for pid in processes(session):
        try:
            told = stat.fields(pid)
        except OSError:
            continue  # it has just ended
        if int(told[stat.SESSION]) != session:
            continue  # it has ended, and its id is another's by now
        yield _Process(
            pid=pid,
            is_zombie=told[stat.STATE] in stat.ENDED,
            threads=int(told[stat.THREADS]),
            user_ticks=int(told[stat.USER]) + int(told[stat.CHILDRENS_USER]),
            system_ticks=int(told[stat.SYSTEM]) + int(told[stat.CHILDRENS_SYSTEM]),
        )


def _tasks(pid: int) -> Iterator[_Task]:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for tid in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                status = Path(f"/proc/{pid}/task/{tid}/status").read_bytes().splitlines()
                yield _Task(pid, int(tid), *switches(status), _ran_ns(pid, tid) * _NS)


def switches(status: Sequence[bytes]) -> tuple[int | None, int | None]:
    """Voluntary and involuntary context switches by the lines of a status file; some kernels don't tell."""
    told = {line.split(b":")[0]: int(line.split()[1]) for line in status if b"_ctxt_switches:" in line}
    return told.get(b"voluntary_ctxt_switches"), told.get(b"nonvoluntary_ctxt_switches")


def _sum(numbers: Iterable[int | None]) -> int | None:
    """None where one of them isn't known."""
    found = list(numbers)
    known = [number for number in found if number is not None]
    return sum(known) if len(known) == len(found) else None


def _ran_ns(pid: int, tid: str) -> int:
    """0 where the kernel doesn't tell: then all seems to have ended, and no switches are told."""
    try:
        return int(Path(f"/proc/{pid}/task/{tid}/schedstat").read_bytes().split()[0])
    except OSError:
        return 0


def _rollup(pid: int) -> dict[str, int] | None:
    """Bytes by their kind; empty for a process that has just ended, None where the kernel won't tell."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]  # after the range of addresses
    except ProcessLookupError:
        return {}
    except OSError:  # forbidden, or a kernel older than the file
        return None if os.path.exists(f"/proc/{pid}") else {}
    return {kind: int(told.split()[0]) * 1024 for kind, _, told in (line.partition(":") for line in lines)}


def _own(rollup: Mapping[str, int]) -> int | None:
    """Bytes; None where an older kernel doesn't tell them apart."""
    if rollup and "Pss_Anon" not in rollup:
        return None
    return sum(rollup.get(kind, 0) for kind in _OWN)


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0


def _difference(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before
