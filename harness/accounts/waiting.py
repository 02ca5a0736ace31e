"""How long a session's threads were ready to run while somebody else had the CPU: /proc/PID/task/TID/schedstat."""

import contextlib
import os
from pathlib import Path

from harness.processes.session import processes

_NS = 1e-9


def kept_waiting_s(session: int) -> float:
    """Of the threads that are alive, since each began; 0 where the kernel doesn't tell."""
    waited_ns = 0
    for pid in processes(session):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for tid in os.listdir(f"/proc/{pid}/task"):
                with contextlib.suppress(OSError, IndexError):  # it has just ended, or there is no such file
                    waited_ns += int(Path(f"/proc/{pid}/task/{tid}/schedstat").read_bytes().split()[1])
    return waited_ns * _NS
