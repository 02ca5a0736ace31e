"""All processes of the machine, listed in one go: whose child each is, in which session, and which server it comes of.

A server's processes are those of its session. What leaves the session is a stray: it would be measured by nobody and
outlive the server. It is known by its parent, which is the server's first process where its own has ended, or we where
that has ended too (`harness.processes.subreaper`), and by a mark in the environment that it was started with, which
forks and their programs inherit.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable

from harness.processes import stat

MARK = "CONCURRENCY_BENCH_SERVER"  # an environment variable
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
KILL_LIMIT_S, KILL_POLL_S = 3.0, 0.005
LISTINGS = 3  # where many fork all the time there are new ones without end
Process = tuple[int, int]  # its id and birth, as ids are used again


class Census:
    def __init__(self, since_s: float = 0.0) -> None:
        """Of those alone that began since then, if told: seconds on CLOCK_BOOTTIME."""
        self._known: dict[int, tuple[int, int, int]] = {}  # parent, session and birth (clock ticks) of each that lives
        self._ended: dict[int, tuple[int, int]] = {}  # parent and session of each that has ended, and isn't buried
        self._told: dict[int, str] = {}  # as far as they were asked for
        seen: set[str] = set()
        # Who forks and ends while all are looked at leaves a child that wasn't there when they were listed.
        for _ in range(LISTINGS):
            new = {name for name in os.listdir("/proc") if name.isdigit()} - seen
            seen |= new
            for name in new:
                with contextlib.suppress(OSError):
                    self._add(int(name), int(since_s / TICK_S))

    def _add(self, pid: int, since: int) -> None:
        told = stat.fields(pid)
        parent, session, born = int(told[stat.PARENT]), int(told[stat.SESSION]), int(told[stat.BORN])
        if born < since:
            return
        if told[stat.STATE] in stat.ENDED:
            self._ended[pid] = parent, session
        else:
            self._known[pid] = parent, session, born

    @property
    def pids(self) -> list[int]:
        return list(self._known)

    def members(self, session: int) -> list[int]:
        """The processes of a session."""
        return [pid for pid, _ in self.of(session)]

    def of(self, session: int) -> set[Process]:
        """The same with their births."""
        return {(pid, born) for pid, (_, its, born) in self._known.items() if its == session}

    def session(self, pid: int) -> int:
        """Of one that is there."""
        return self._known[pid][1]

    def strays(self, session: int, mark: str) -> set[Process]:
        """The processes that come of the server with this session and mark, and aren't in it any more."""
        inside = set(self.members(session))
        found = {pid for pid in self._known if pid not in inside and mark and self._mark(pid) == mark}
        if session not in self._known:  # its first process has ended, so its orphans have come to us
            found |= {pid for pid, (parent, its, _) in self._known.items()
                      if parent == os.getpid() and self._is_orphan(pid, its) and not self._mark(pid)}  # fmt: skip
        kin = {session, *inside, *found}
        while children := {pid for pid, (parent, _, _) in self._known.items() if parent in kin and pid not in kin}:
            kin |= children
            found |= children
        return {(pid, self._known[pid][2]) for pid in found}

    def bury(self) -> None:
        """Wait for the orphans that came to us and have ended, as nobody else does."""
        for pid, (parent, its) in self._ended.items():
            if parent == os.getpid() and self._is_orphan(pid, its):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    @staticmethod
    def _is_orphan(pid: int, session: int) -> bool:
        """Of our children: who leads a session, or is of ours, was started by us."""
        return session not in (pid, os.getsid(0))

    def still(self, strays: Iterable[Process]) -> set[Process]:
        """Those of them that are alive."""
        return {(pid, born) for pid, born in strays if pid in self._known and self._known[pid][2] == born}

    def marked(self, beginning: str) -> set[Process]:
        """The processes whose mark begins so, in whatever session."""
        return {(pid, born) for pid, (_, _, born) in self._known.items() if self._mark(pid).startswith(beginning)}

    def _mark(self, pid: int) -> str:
        if pid not in self._told:
            self._told[pid] = _mark(pid)
        return self._told[pid]


def kill(find: Callable[[Census], Collection[Process]], since_s: float = 0.0, within_s: float = KILL_LIMIT_S) -> int:
    """Kill all that is found until nothing is, or the time is over; how many those were.

    Some may be left: of another user, or asleep in the kernel. Nobody waits for them for ever.
    """
    killed: set[Process] = set()
    deadline = time.monotonic() + within_s
    while found := find(seen := Census(since_s)):
        for pid, _ in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
        if time.monotonic() > deadline:
            break
        time.sleep(KILL_POLL_S)
    seen.bury()
    return len(killed)


def _mark(pid: int) -> str:
    """Empty for one that has none, or that may not be looked at."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            variables = environ.read().split(b"\0")
    except OSError:
        return ""
    found = [variable for variable in variables if variable.startswith(MARK.encode() + b"=")]
    return found[0].partition(b"=")[2].decode(errors="replace") if found else ""
