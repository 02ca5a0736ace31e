"""The load generator's own command line, how it ends, and which hot loop it has."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.processes import session
from harness.processes.loader import Loader, LoaderFailed
from loadgen import compiled_loop
from tests.support.peers import DEADLINE_S
from tests.support.project import ROOT


@contextlib.contextmanager
def by_hand(*options: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "loadgen", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        yield process
    finally:
        session.kill(process.pid)
        process.communicate()


@pytest.mark.parametrize("workers", [1, 2])
def test_end_of_input_ends_it(workers: int) -> None:
    with by_hand("--workers", str(workers)) as process:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(DEADLINE_S) == 0
        assert session.members(process.pid) == []


def test_worker_that_hangs_does_not_outlive_it() -> None:
    with by_hand("--workers", "2") as process:
        (worker, _) = (pid for pid in session.members(process.pid) if pid != process.pid)
        os.kill(worker, signal.SIGSTOP)
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(DEADLINE_S) == 0
        assert session.members(process.pid) == []


def test_what_cannot_be_done_is_said_and_it_goes_on() -> None:
    junk = [
        '{"do": "dance"}',
        '{"do": "window", "target": "none", "lengths": {}, "load": {}}',
        '{"do": "open"}',
        "{}",
        "[]",
        "junk",
    ]
    with by_hand() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for command in junk:
            process.stdin.write(command + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer, f"it died of {command}"
            assert list(json.loads(answer)) == ["error"]
        process.stdin.write('{"do": "quit"}\n')
        process.stdin.flush()
        assert process.wait(DEADLINE_S) == 0


def test_which_hot_loop_serves_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for loop in ("auto", "python"):
        with by_hand("--loop", loop) as process:
            assert process.poll() is None
    monkeypatch.setattr(compiled_loop, "LIBRARY", tmp_path / "hot_loop.so")
    with pytest.raises(compiled_loop.NotCompiled, match="isn't compiled"):
        compiled_loop.library()
    (tmp_path / "hot_loop.so").write_bytes(b"")
    os.utime(tmp_path / "hot_loop.so", (0, 0))
    with pytest.raises(compiled_loop.NotCompiled, match="older than its source"):
        compiled_loop.library()
    os.utime(tmp_path / "hot_loop.so")
    with pytest.raises(compiled_loop.NotCompiled, match="can't be loaded"):
        compiled_loop.library()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_library_of_another_layout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.c"
    other.write_text("long long sizes(void) { return 1; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "hot_loop.so", other], check=True)
    monkeypatch.setattr(compiled_loop, "LIBRARY", tmp_path / "hot_loop.so")
    with pytest.raises(compiled_loop.NotCompiled, match="laid out differently"):
        compiled_loop.library()


def test_death_of_the_loader_is_told(tmp_path: Path) -> None:
    loader = Loader(1, None, tmp_path)
    loader.wait_ready()
    psutil.Process(loader.pid).kill()
    with pytest.raises(LoaderFailed, match="ended with -9"):
        loader.close()
    loader.stop()
