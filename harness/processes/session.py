"""The processes of a session: a server, or the loader, with all that it started."""

import os

from harness.processes import census


def processes(session: int) -> list[int]:
    """The ids of all processes in the session of that id, zombies included."""
    found = []
    for name in os.listdir("/proc"):  # not by psutil: this runs several times a window
        if name.isdigit():
            try:
                if os.getsid(int(name)) == session:
                    found.append(int(name))
            except ProcessLookupError:
                continue  # it has just ended
    return found


def members(session: int) -> list[int]:
    """Those of them that are alive: a zombie only waits for its parent."""
    return census.Census().members(session)


def kill(session: int, within_s: float = census.KILL_LIMIT_S) -> int:
    """Kill all of a session; returns how many processes that were. Some may be left (see `members`)."""
    return census.kill(lambda seen: seen.of(session), within_s=within_s)
