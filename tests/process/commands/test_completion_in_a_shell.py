"""A person at a real shell presses TAB: verbs, options and strategies come, as docs/terminal.md says."""

import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import ROOT

ACTIVATE = f"{sys.executable} -m argcomplete.scripts.activate_global_python_argcomplete"
ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x07")
RUN = "python run_bench.py "
DEADLINE_S = 60.0  # for a moment's work


class Shell:
    """An interactive bash that has no files of the person who runs the test."""

    def __init__(self, home: Path) -> None:
        self._ours, theirs = pty.openpty()
        self._said = b""  # and not looked at yet
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        # what `source .venv/bin/activate` does
        kept["PATH"] = f"{Path(sys.executable).parent}:{kept['PATH']}"
        told = kept | {"HOME": str(home), "TERM": "dumb", "PS1": "ready> ", "COLUMNS": "200"}
        line = ["bash", "--norc", "--noprofile", "-i"]
        self._process = subprocess.Popen(
            line, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=told, start_new_session=True
        )
        os.close(theirs)
        self.until("ready> ")
        self.type("bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'\n")
        self.until("ready> ")

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._ours, text.encode())

    def until(self, text: str) -> str:
        """What is said until that stands there."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in (plain := ESCAPE.sub(b"", self._said).decode(errors="replace")):
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {plain!r}"
            if select.select([self._ours], [], [], left)[0]:
                self._said += os.read(self._ours, 65536)
        found, _, rest = plain.partition(text)
        self._said = rest.encode()
        return found + text

    def close(self) -> None:
        """The terminal is gone, so the shell goes."""
        os.close(self._ours)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A bash that was told to ask Python programs."""
    if not shutil.which("bash"):
        pytest.skip("there is no bash")
    bash = Shell(tmp_path)
    try:
        bash.type(f"eval \"$({ACTIVATE} --dest -)\" && echo acti''vated\n")
        bash.until("activated")
        bash.until("ready> ")
        yield bash
    finally:
        bash.close()


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        ("comp", "compare "),
        ("report --op", "report --open "),
        ("--profile qu", "--profile quick "),
        ("--strategies epoll,asyncio-b", "--strategies epoll,asyncio-buffered "),
    ],
)
def test_what_is_begun_is_completed(shell: Shell, typed: str, becomes: str) -> None:
    shell.type(f"{RUN}{typed}\t")
    shell.until(RUN + becomes)


def test_what_may_follow_is_listed(shell: Shell) -> None:
    shell.type(f"{RUN}--strategies as\t\t")
    listed = shell.until("ready> ").split()
    assert {"asyncio", "asyncio-buffered", "asyncio-default", "asyncio-protocol"} <= set(listed)
