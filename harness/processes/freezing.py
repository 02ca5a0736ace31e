"""Sessions that stand still: SIGSTOP to each of their processes, SIGCONT to go on.

Neither can be caught, blocked or ignored. What is due meanwhile is done after SIGCONT, timers all at once.
"""

import contextlib
import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

from harness.processes import stat
from harness.processes.session import processes


@dataclass(frozen=True)
class Frozen:
    """A session that was told to stand still."""

    processes: frozenset[int]  # all of it, zombies included
    defiant: frozenset[int]  # those of them that can't be stopped: another user's


def freeze(session: int) -> Frozen:
    """Stop all of a session: list and stop until no new process appears, as one may fork while it is stopped."""
    seen: set[int] = set()
    defiant: set[int] = set()
    while new := [pid for pid in processes(session) if pid not in seen]:
        seen.update(new)
        defiant.update(_tell(new, signal.SIGSTOP))
    return Frozen(frozenset(seen), frozenset(defiant))


def thaw(session: int, frozen: Frozen | None = None) -> bool:
    """Let all of a session go on. One that wasn't stopped doesn't notice.

    Whether processes move in it that weren't there when it was `frozen`: a child that was being forked then is late to
    appear, and stands still too.
    """
    found = processes(session)
    has_grown = frozen is not None and any(_moves(pid) for pid in found if pid not in frozen.processes)
    _tell(found, signal.SIGCONT)
    return has_grown


def threads(session: int) -> int:
    """How many its first process has; none where that has ended."""
    try:
        return int(stat.fields(session)[stat.THREADS])
    except OSError:
        return 0


def _moves(pid: int) -> bool:
    try:
        return stat.fields(pid)[stat.STATE] not in (*stat.STOPPED, *stat.ENDED)
    except OSError:
        return False  # it has ended


def _tell(pids: Iterable[int], sent: signal.Signals) -> list[int]:
    """Tell them and their groups; those that we may not tell anything. One that has just ended needs no telling."""
    forbidden, told = [], set()
    for pid in pids:
        try:
            # What is sent to a group reaches the child, too, that one of it is just forking.
            if (group := os.getpgid(pid)) not in told:
                told.add(group)
                with contextlib.suppress(PermissionError):
                    os.killpg(group, sent)
            os.kill(pid, sent)
        except ProcessLookupError:
            continue
        except PermissionError:
            forbidden.append(pid)
    return forbidden
