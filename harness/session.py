"""The processes of a session: a server, or the loader, with all that it started."""

import contextlib
import os
import signal

import psutil


def members(session: int) -> list[int]:
    """Process ids alive (zombies aside) in the session of that id."""
    found = []
    for pid in psutil.pids():
        # A process that ends while we look is no member; a zombie only waits for its parent.
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def kill(session: int) -> int:
    """Kill all of a session at once; returns how many processes that were."""
    killed: set[int] = set()
    while alive := members(session):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed.update(alive)
    return len(killed)
