"""Sessions that stand still: SIGSTOP to each of their processes, SIGCONT to go on.

Neither can be caught, blocked or ignored. What is due meanwhile is done after SIGCONT, timers all at once.
"""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

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


def thaw(session: int) -> list[int]:
    """Let all of a session go on; the processes that it has. One that wasn't stopped doesn't notice."""
    found = processes(session)
    _tell(found, signal.SIGCONT)
    return found


def _tell(pids: Iterable[int], sent: signal.Signals) -> list[int]:
    """Those that we may not tell anything. One that has just ended needs no telling."""
    forbidden = []
    for pid in pids:
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            continue
        except PermissionError:
            forbidden.append(pid)
    return forbidden
