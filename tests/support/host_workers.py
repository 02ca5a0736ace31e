"""Workers as they are started by hand on other hosts; here they are processes of this one."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.hosts import Hosts
from harness.processes import session
from harness.processes.loader import Loader, LoaderLost
from tests.support.peers import LENGTHS, Auditor
from tests.support.project import ROOT

DEADLINE_S = 30.0


class HostWorker:
    """`python -m loadgen.worker` with these options, in a session of its own; a context manager, after which it ends.

    `program` are the words that stand in place of the interpreter.
    """

    def __init__(
        self,
        *options: str,
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
        program: Sequence[str] = (sys.executable,),
    ) -> None:
        self.process = subprocess.Popen(
            [*program, "-m", "loadgen.worker", *options], cwd=cwd, stdin=subprocess.DEVNULL,
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


def gathered(loader: Loader, within_s: float = DEADLINE_S) -> list[dict[str, Any]]:
    """Who is there when all are."""
    deadline = time.monotonic() + within_s
    while (found := loader.gather(["127.0.0.1"], 0.5))["missing"]:
        assert time.monotonic() < deadline, found
    return list(found["workers"])


def in_time(loader: Loader, lengths: dict[str, float] = LENGTHS) -> dict[str, Any]:
    """A window that no worker came late to, as one does where the machine is busy."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return loader.window("it", lengths)
        except LoaderLost as lost:
            if "late, after the head" not in str(lost) or time.monotonic() > deadline:
                raise


def told(loader: Loader, words: str, within_s: float = DEADLINE_S) -> str:
    """The sentence of its news with these words in it."""
    deadline = time.monotonic() + within_s
    while True:
        loader.gather(["127.0.0.1"], 0.2)
        for sentence in loader.take_news():
            if words in sentence:
                return sentence
        assert time.monotonic() < deadline


@contextlib.contextmanager
def crew(logs: Path, here: int, elsewhere: int) -> Iterator[tuple[Loader, list[HostWorker], list[dict[str, Any]]]]:
    with waiting(logs, here, elsewhere) as (loader, master, token), joining(master, token, elsewhere) as workers:
        yield loader, workers, gathered(loader)
