"""If the harness is killed, its servers and its loader must not live on.

A small process holds the reading end of a pipe whose writing end the harness alone has. It is told of each
session that starts and ends; when the pipe closes, it kills the sessions that are left, and all that came of them
and carries the harness's mark, also what was started a moment ago and what has left its session. (A parent-death
signal would not do: forked children don't inherit it.)
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from harness.processes import census, session
from harness.processes.subreaper import keep_orphans


class Watchdog:
    """The harness's side. Use it as a context manager."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(8)  # in the environment of all that it is to end

    def __enter__(self) -> "Watchdog":
        keep_orphans()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.processes.watchdog", self.mark],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def guard(self, pid: int) -> None:
        self._tell(f"+{pid}\n")

    def release(self, pid: int) -> None:
        self._tell(f"-{pid}\n")

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # killed by hand: the run can go on without it
            os.write(self._process.stdin.fileno(), line.encode())


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    guarded: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == "+":
            guarded.add(pid)
        else:
            guarded.discard(pid)
    strays = {stray for pid in guarded for stray in census.Census().strays(pid, "")}
    for pid in guarded:
        session.kill(pid)
    census.kill(lambda seen: seen.still(strays) | seen.marked(sys.argv[1] + "."))


if __name__ == "__main__":
    main()
