"""Who is measured: the processes that listen must be those of the server's session, alone, on its CPUs.

CPU time, memory, freezing and killing all stand on the session. Each fault is one line, with its remedy.
"""

import contextlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.processes import sockets
from harness.processes.census import Census, Process
from harness.processes.endpoint import Endpoint
from harness.processes.sockets import Listener

LOOKS_IDLE = 0.1  # of a CPU
SHELLS = ("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "busybox")


@dataclass(frozen=True)
class Owner:
    """Whose the listening socket must be: the session and mark of a server, where it says that it listens, its CPUs."""

    session: int
    mark: str
    endpoint: Endpoint
    cpus: Collection[int] | None = None  # any

    def fault(self, census: Census, others: Mapping[int, str]) -> str:
        """Why it isn't what would be measured; empty if it is. `others` are sessions of other servers, and their names.

        Raises PermissionError where this can't be told, as processes belong to another user.
        """
        members, strays = census.members(self.session), self.strays(census)
        all_listeners = sockets.listeners(self.endpoint.transport)
        there = sockets.serving(self.endpoint, all_listeners)
        own = sockets.descriptors(members)
        outside = [one for one in there if one.inode not in own]
        if strays:
            return in_its_own_session(strays, all_listeners)
        if outside:
            return self._taken(outside, others, is_shared=len(outside) < len(there))
        if not there:
            return self._nobody([one for one in all_listeners if one.inode in own])
        return self._elsewhere(members)

    def strays(self, census: Census) -> set[Process]:
        """What comes of the server and has left its session."""
        return census.strays(self.session, self.mark)

    def wrapped(self, census: Census) -> tuple[str, list[int]]:
        """The program that leads its session and who listens, where that is another; else nothing."""
        with contextlib.suppress(OSError):
            there = {one.inode for one in sockets.serving(self.endpoint)}
            held = sockets.descriptors(census.members(self.session))
            listening = [pid for inode in there for pid in held.get(inode, [])]
            if listening and self.session not in listening:
                return _comm(self.session), listening
        return "", []

    def _taken(self, outside: Collection[Listener], others: Mapping[int, str], is_shared: bool) -> str:
        """Somebody else listens on its port, beside it or instead of it: perhaps one that has just begun to."""
        census = Census()
        holder = _holder(outside, census.pids)
        whose = "another process" if holder is None else f"process {named(holder)}"
        if holder is not None and census.session(holder) in others:
            whose = f"the server of {others[census.session(holder)]}"
        if is_shared:
            each = "path of its own, such as {path}" if self.endpoint.is_local else "port of its own, such as {port}"
            return f"it and {whose} both listen on {self.endpoint.place}; give each a {each}"
        return f"{whose} listens on {self.endpoint.place}, not it; let it print where it listens"

    def _nobody(self, own: Collection[Listener]) -> str:
        at = self.endpoint
        if own:
            where = " and ".join(map(str, own))
            return f"listens on {where}, not on {at} as it says; let it listen on {{host}}, and print the port"
        return f"says that it listens on {at}, and doesn't; let it print READY when it listens, with its port"

    def _elsewhere(self, members: Collection[int]) -> str:
        """On other CPUs than it was given."""
        if self.cpus is not None:
            for pid in members:
                taken = _cpus(pid) - set(self.cpus)
                if taken:
                    given, more = (",".join(map(str, sorted(cpus))) for cpus in (self.cpus, taken))
                    return f"its process {named(pid)} may run on CPU {more}, given was {given}; keep its affinity"
        return ""


def in_its_own_session(strays: Collection[Process], listening: Collection[Listener] = ()) -> str:
    """What is wrong where processes of a server have left its session; `listening` are sockets that matter."""
    pids = sorted(pid for pid, _ in strays)
    worker = _holder(listening, pids)
    does = f"its process {named(pids[0])} is" if worker is None else f"its worker {named(worker)} listens"
    return f"{does} in a session of its own, where it isn't measured; run it in the foreground"


def is_served(endpoint: Endpoint) -> bool:
    """Whether anybody listens there."""
    return bool(sockets.serving(endpoint))


def why_not_ready(owner: Owner, within_s: float, printed: bytes, by_connecting: bool) -> str:
    """Why a server that lives isn't ready: what it does instead, and what to do."""
    census = Census()
    kin = [*census.members(owner.session), *(pid for pid, _ in owner.strays(census))]
    late = f"not ready within {within_s:g} s"
    with contextlib.suppress(OSError):
        held = sockets.descriptors(kin)
        for one in sockets.listeners(owner.endpoint.transport):
            if one.inode in held:
                return f"{late}: {_unheard(one, owner, printed, by_connecting)}"
    used_s = sum(_cpu_s(pid) for pid in kin)
    if used_s > LOOKS_IDLE * within_s or any(_is_running(pid) for pid in kin):
        return f"{late}: it is still starting ({used_s:.1f} s of CPU time so far); raise ready_timeout_s of [servers]"
    return f"{late}: it waits and doesn't listen; see what it waits for, or raise ready_timeout_s of [servers]"


def _unheard(one: Listener, owner: Owner, printed: bytes, by_connecting: bool) -> str:
    if by_connecting:
        return f"it listens on {one}, not on {owner.endpoint}; let it listen on {{host}} and {{port}}"
    if printed:
        return f"it listens on {one}, and its first line {printed[:60]!r} has no end; print a line end after it"
    return f"it listens on {one}, but its READY line hasn't come; let it flush stdout after the line"


def left_alone(leader: str, pids: Collection[int]) -> str:
    """What is wrong with a command whose first process ends at SIGTERM, and the one that listens doesn't."""
    what = "a shell that doesn't exec" if leader in SHELLS else f"{leader}, which doesn't pass SIGTERM on"
    them = " and ".join(map(named, pids))
    return f"its command is {what}: asked to stop it ended, and left process {them} behind, which was killed; " \
           "begin the server's own command with exec"  # fmt: skip


def named(pid: int) -> str:
    """A process for people: its number and its program."""
    return f"{pid} ({_comm(pid) or 'ended'})"


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def _holder(listening: Iterable[Listener], pids: Iterable[int]) -> int | None:
    """One of these processes that holds one of the listeners; None if none of those that may be looked at does."""
    inodes = {one.inode for one in listening}
    for pid in pids:
        with contextlib.suppress(PermissionError):
            if inodes & sockets.descriptors([pid]).keys():
                return pid
    return None


def _cpus(pid: int) -> set[int]:
    """Where its threads may run."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            found |= os.sched_getaffinity(int(thread))
    return found


def _cpu_s(pid: int) -> float:
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _is_running(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(psutil.Process(pid).status() == psutil.STATUS_RUNNING)
    return False
