"""run_bench.py as a process with a tiny plan, and all that comes of it."""

import csv
import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.namespaces import Place
from tests.support.project import ROOT


def misbehaving(words: str) -> str:
    """The command of a server that misbehaves: its file in support/misbehaving, and what that is told."""
    return f"{{python}} {ROOT}/tests/support/misbehaving/{words}"


MISBEHAVE = misbehaving("misbehave.py")


# Windows that don't grow: on a busy machine a first one that nothing fits into would be a search, and its round lost.
SETTINGS = """
[servers]
ready_timeout_s = 20.0
stop_timeout_s = 1.0
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
counted_limit_s = 0.05
drain_limit_s = 0.2
[profiles.tiny]
blocks = 2
rounds = 1
matrix = [{ service = ["echo"], clients = [3], sizes = [64] }]
[profiles.longer]
blocks = 2
rounds = 6
matrix = [{ service = ["echo"], clients = [4], sizes = [64] }]
[profiles.endless]
blocks = 1000
rounds = 6
matrix = [{ service = ["echo"], clients = [4], sizes = [64] }]
[strategies]
"""


MARK = "CONCURRENCY_BENCH_TEST"


DEADLINE_S = 900.0  # of a whole run, however busy the machine is


class Bench:
    """run_bench.py as a process; all that comes of it carries a mark in its environment."""

    def __init__(
        self,
        folder: Path,
        strategies: dict[str, str],
        *options: str,
        settings: str = SETTINGS,
        soft_limit: int | None = None,
        verb: str = "bench",
        draws: bool = False,
        host: Place | None = None,
    ) -> None:
        lines = "".join(f"{name} = {json.dumps(command)}\n" for name, command in strategies.items())
        (folder / "mine.toml").write_text(settings + lines)
        self._results = folder / "results"
        self.env = {**os.environ, MARK: uuid.uuid4().hex}
        self._output = (folder / "output").open("w+")
        command = [sys.executable, str(ROOT / "run_bench.py"), verb, "--bench", str(folder / "mine.toml")]
        if verb != "check":
            command += ["--results", str(self._results)]
        if verb == "bench" and not draws:
            command.append("--no-charts")  # they take longer than a tiny run
        command += options
        if soft_limit:
            command = ["sh", "-c", f'ulimit -Sn {soft_limit}; exec "$@"', "sh", *command]
        if host is not None:
            command = host.command(*command)
        self.process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT, env=self.env)

    def ended(self, within_s: float = DEADLINE_S) -> int:
        return self.process.wait(within_s)

    @property
    def output(self) -> str:
        return Path(self._output.name).read_text()

    @property
    def folder(self) -> Path:
        return self._results / "latest"

    @property
    def described(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return described

    def rows(self) -> list[dict[str, Any]]:
        """The finished lines of windows.jsonl, each of which must be readable."""
        path = self.folder / "windows.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def windows(self, strategy: str) -> list[dict[str, Any]]:
        return [row for row in self.rows() if row["kind"] == "window" and row["strategy"] == strategy]

    def failures(self, strategy: str) -> list[dict[str, Any]]:
        return [row for row in self.rows() if row["kind"] == "failure" and row["strategy"] == strategy]

    def cells(self, **point: str) -> dict[str, dict[str, str]]:
        """By strategy; of a run with several groups those at this point."""
        with (self.folder / "cells.csv").open() as file:
            return {row["strategy"]: row for row in csv.DictReader(file) if point.items() <= row.items()}

    def all_cells(self) -> dict[tuple[str, str], dict[str, str]]:
        """Of a run with several crowds, by strategy and clients."""
        with (self.folder / "cells.csv").open() as file:
            return {(row["strategy"], row["clients"]): row for row in csv.DictReader(file)}

    def family(self) -> list[psutil.Process]:
        """All processes that carry the mark, wherever they have got to."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def one(self, *words: str) -> psutil.Process:
        """The process that the harness itself started with these words in its command."""
        (found,) = [
            process
            for process in psutil.Process(self.process.pid).children()
            if set(words) <= set(" ".join(process.cmdline()).replace("/", " ").split())
        ]
        return found

    def wait(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain; it says: {self.output}"
            pause.wait(0.005)

    def wait_for_windows(self, block: int) -> None:
        """Until that block is being measured."""
        self.wait(lambda: any(row["block"] == block for row in self.rows()) or self.process.poll() is not None)
        assert self.process.poll() is None, self.output

    def nothing_left(self, within_s: float = 10.0) -> bool:
        deadline = time.monotonic() + within_s
        while left := self.family():
            if time.monotonic() > deadline:
                return False
            psutil.wait_procs(left, timeout=0.1)
        return True

    def close(self) -> None:
        self._output.close()
        while left := self.family():
            for process in left:
                process.kill()
            psutil.wait_procs(left, timeout=0.1)
        self.process.wait()

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self.env[MARK]
        except (psutil.Error, OSError):
            return False


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Starts a Bench; whatever is left of it after the test is killed."""
    started: list[Bench] = []

    def start(*given: Any, **also: Any) -> Bench:
        started.append(Bench(tmp_path, *given, **also))
        return started[-1]

    yield start
    for one in started:
        one.close()
