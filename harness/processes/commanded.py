"""A process that is told what to do: one JSON command a line, one JSON answer a line."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, ClassVar

from harness.processes import session
from harness.processes.affinity import running_on
from harness.processes.census import MARK

START_LIMIT_S = 30.0
ANSWER_LIMIT_S = 90.0
OBITUARY_LIMIT_S = 5.0


class LoaderFailed(Exception):
    """The loader, or who is its company, died, hangs, or could not do what it was told; the text says which."""


class LoaderLost(LoaderFailed):
    """It has lost a window, or workers (`what`; `who`), and goes on with so many workers as are `left`."""

    def __init__(self, why: str, what: str, left: int, who: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.what, self.left, self.who = what, left, who


class Commanded:
    """One of the load generator's. It leads a session of its own, and its stderr goes to a file."""

    called: ClassVar[str]  # in a sentence

    def __init__(self, module: str, options: Sequence[str], cpus: Collection[int] | None, log: Path, mark: str) -> None:
        """Start it. All that comes of it carries `mark` in its environment."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with open(log, "ab") as err, running_on(cpus):
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *options],
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
                start_new_session=True,
                env=os.environ | {MARK: mark},
            )
        self.pid = self._process.pid
        self._heard = b""  # of an answer that isn't complete
        self._news: list[str] = []

    def wait_ready(self) -> dict[str, Any]:
        """What it says when it has begun. Raises LoaderFailed."""
        ready = self._answer(START_LIMIT_S)
        if "error" in ready:
            raise LoaderFailed(ready["error"])
        return ready

    def take_news(self) -> list[str]:
        """The sentences that it had to say since they were taken last."""
        told, self._news = self._news, []
        return told

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
        self._news += answer.pop("news", [])
        if "lost" in answer:
            raise LoaderLost(answer["error"], answer["lost"], answer["left"], answer["who"])
        if "error" in answer:
            raise LoaderFailed(f"{self.called} could not {command['do']}: {answer['error']}")
        return answer

    def _write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LoaderFailed(self._obituary()) from None

    def _answer(self, limit_s: float) -> dict[str, Any]:
        """One line, as it comes in: a process that is stopped in the middle of it must not stop us too."""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        deadline = time.monotonic() + limit_s
        while b"\n" not in self._heard:
            if not select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise LoaderFailed(f"{self.called} gave no answer within {limit_s:g} s")
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
            return f"{self.called} hears and says nothing more, though it hasn't ended"
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f"{self.called} ended with {code}" + (f": {lines[-1][:200]}" if lines and code > 0 else "")
