"""Workers as they are started by hand on other hosts; here they are processes of this one."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.hosts import Hosts
from harness.processes import session
from harness.processes.loader import Loader
from tests.support.peers import Auditor
from tests.support.project import ROOT

DEADLINE_S = 20.0


class HostWorker:
    """`python -m loadgen.worker` with these options, in a session of its own; a context manager, after which it ends.

    `before` are words that start the command.
    """

    def __init__(
        self, *options: str, cwd: Path = ROOT, env: dict[str, str] | None = None, before: tuple[str, ...] = ()
    ) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "loadgen.worker", *options], cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=env,
        )  # fmt: skip
        self.pid = self.process.pid

    def __enter__(self) -> "HostWorker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ended(self, within_s: float = DEADLINE_S) -> tuple[int, str]:
        """Its exit code, and what it said, both streams together."""
        out, err = self.process.communicate(timeout=within_s)
        return self.process.returncode, out + err

    def refused(self) -> str:
        """The line that it ended with, by bad input or as it isn't taken."""
        code, said = self.ended()
        assert (code, said.count("\n")) == (2, 1), said
        assert said.startswith("loadgen.worker: ")
        return said

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def close(self) -> None:
        session.kill(self.pid)
        self.process.communicate()


@contextlib.contextmanager
def waiting(logs: Path, here: int, elsewhere: int) -> Iterator[tuple[Loader, str, str]]:
    """A loader that waits for workers on loopback: where it listens, and its token."""
    loader = Auditor(here + elsewhere, None, logs, hosts=Hosts(elsewhere=elsewhere))
    try:
        ready = loader.wait_ready()
        yield loader, ready["master"], ready["token"]
    finally:
        loader.stop()
    assert session.members(loader.pid) == []


@contextlib.contextmanager
def joining(master: str, token: str, count: int) -> Iterator[list[HostWorker]]:
    """So many workers that come to it."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(HostWorker("--master", master, "--token", token)) for _ in range(count)]
