"""The processes of a session: a server, or the loader, with all that it started."""

import contextlib
import os
import signal
import time

import psutil

KILL_LIMIT_S, KILL_POLL_S = 3.0, 0.001


def processes(session: int) -> list[int]:
    """The ids of all processes in the session of that id, zombies included."""
    found = []
    for name in os.listdir("/proc"):  # not by psutil: this runs twice a window
        if name.isdigit():
            try:
                if os.getsid(int(name)) == session:
                    found.append(int(name))
            except ProcessLookupError:
                continue  # it has just ended
    return found


def members(session: int) -> list[int]:
    """Those of them that are alive: a zombie only waits for its parent."""
    found = []
    for pid in processes(session):
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def kill(session: int, within_s: float = KILL_LIMIT_S) -> int:
    """Kill all of a session at once; returns how many processes that were.

    Some may be left (see `members`): of another user, or asleep in the kernel. Nobody waits for them for ever.
    """
    killed: set[int] = set()
    deadline = time.monotonic() + within_s
    while alive := members(session):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(alive)
        if time.monotonic() > deadline:
            break
        time.sleep(KILL_POLL_S)
    return len(killed)
