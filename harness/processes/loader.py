"""The harness's side of the load generator: one JSON command a line, one JSON answer a line."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from harness.processes import session
from harness.processes.affinity import running_on
from harness.processes.census import MARK

START_LIMIT_S = 30.0
ANSWER_LIMIT_S = 90.0
OBITUARY_LIMIT_S = 5.0
CLOSED: dict[str, Any] = {"spin_ns": 0}


class LoaderFailed(Exception):
    """The loader died, hangs, or could not do what it was told; the text says which."""


class Loader:
    def __init__(
        self, workers: int, cpus: Collection[int] | None, logs: Path, loop: str = "auto", mark: str = ""
    ) -> None:
        """Start it, its stderr going to a file in `logs`; `loop` is auto, compiled or python.

        All that comes of it carries `mark` in its environment.
        """
        logs.mkdir(parents=True, exist_ok=True)
        self._log = logs / "loader.err"
        with open(self._log, "ab") as err, running_on(cpus):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "loadgen", "--workers", str(workers), "--loop", loop],
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                start_new_session=True,
                env=os.environ | {MARK: f"{mark}.loader"},
            )
        self.pid = self._process.pid
        self._heard = b""  # of an answer that isn't complete

    def wait_ready(self) -> dict[str, Any]:
        """Which hot loop serves (`loop`), and why it isn't the compiled one (`why`)."""
        return self._answer(START_LIMIT_S)

    def open(
        self,
        targets: dict[str, str],
        clients: int,
        exchange: dict[str, Any],
        stamps: bool = True,
        queue: int | None = None,
    ) -> dict[str, Any]:
        """Connect all clients to all targets; for each target, how many clients it answered.

        With `stamps` latencies end when the kernel had the reply, else when the loader saw it. No more clients than
        `queue` connect to a target at once.
        """
        command = {"do": "open", "targets": targets, "clients": clients, "stamps": bool(stamps), "exchange": exchange}
        return self._ask(command if queue is None else command | {"queue": queue})

    def window(
        self, target: str, lengths: dict[str, float], load: dict[str, Any] | None = None, stamp_every: int = 1
    ) -> dict[str, Any]:
        """Run one window; what was observed. `load` has the fields of loadgen.window's ClosedLoad or OpenLoad.

        Latencies are those of one request in `stamp_every`.
        """
        command = {"do": "window", "target": target, "lengths": lengths, "load": load or CLOSED}
        return self._ask(command | {"stamp_every": stamp_every})

    def balance(self, target: str, workers: Mapping[str, int]) -> dict[str, Any]:
        """What each worker of a target gave its clients since they connected.

        `workers` has HOST:PORT of a client's end and the number of the worker that has its connection.
        """
        return self._ask({"do": "balance", "target": target, "workers": dict(workers)})

    def close(self) -> None:
        """Close all connections."""
        self._ask({"do": "close"})

    def stop(self) -> None:
        """End it, whatever state it is in, with all that it started."""
        try:
            self._write({"do": "quit"})
            self._process.wait(5)
        except (LoaderFailed, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        session.kill(self.pid)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        self._write(command)
        answer = self._answer(ANSWER_LIMIT_S)
        if "error" in answer:
            raise LoaderFailed(f"the loader could not {command['do']}: {answer['error']}")
        return answer

    def _write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LoaderFailed(self._obituary()) from None

    def _answer(self, limit_s: float) -> dict[str, Any]:
        """One line, as it comes in: a loader that is stopped in the middle of it must not stop us too."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + limit_s
        while b"\n" not in self._heard:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise LoaderFailed(f"the loader gave no answer within {limit_s:g} s")
            part = os.read(pipe, 1 << 20)
            if not part:
                raise LoaderFailed(self._obituary())
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _obituary(self) -> str:
        try:
            code = self._process.wait(OBITUARY_LIMIT_S)
        except subprocess.TimeoutExpired:
            return "the loader hears and says nothing more, though it hasn't ended"
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f"the loader ended with {code}" + (f": {lines[-1][:200]}" if lines and code > 0 else "")
