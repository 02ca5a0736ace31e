"""A run that never began leaves nothing, and `latest` to the run before: Ctrl-C before its first window, bad input."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.project import ROOT

VERBS = {
    "bench": ("--strategies", "epoll", "--profile", "tiny"),
    "soak": ("--strategies", "epoll", "--for", "20s"),
    "gate": ("--calibrate", "--strategies", "epoll", "--profile", "tiny", "--budget", "20s"),
    "trial": ("--profile", "quick", "--only", "one-client-at-a-time"),
    "probe": ("restart",),
}


def is_under_way(bench: Bench, results: Path) -> bool:
    """Whether its folder is made and something was started, and no more."""
    return any(results.glob("2*/logs/*")) or bench.process.poll() is not None


@pytest.mark.parametrize("verb", VERBS)
def test_ctrl_c_before_the_first_window_leaves_the_run_before_to_be_the_latest(
    bench: Callable[..., Bench], tmp_path: Path, verb: str
) -> None:
    results = tmp_path / "results"
    before = results / "before"
    before.mkdir(parents=True)
    (results / "latest").symlink_to("before")
    running = bench({}, *VERBS[verb], verb=verb)
    running.wait(lambda: is_under_way(running, results))
    running.process.send_signal(signal.SIGINT)
    assert running.ended(60) == 130, running.output
    assert running.output.splitlines()[-1] == "Interrupted."
    assert sorted(path.name for path in results.iterdir()) == ["before", "latest"]
    assert (results / "latest").resolve() == before
    assert running.nothing_left()


def test_programs_are_told_that_there_is_no_folder(bench: Callable[..., Bench], tmp_path: Path) -> None:
    running = bench({}, *VERBS["bench"], "--json")
    running.wait(lambda: is_under_way(running, tmp_path / "results"))
    running.process.send_signal(signal.SIGINT)
    assert running.ended(60) == 130
    last = json.loads(running.output.splitlines()[-1])
    assert last == {"event": "result", "outcome": "interrupted", "exit_code": 130, "folder": None}


def test_latest_is_the_run_under_way_from_its_first_record_on(bench: Callable[..., Bench], tmp_path: Path) -> None:
    running = bench({}, "--strategies", "epoll", "--profile", "endless")
    running.wait_for_windows(block=0)
    assert (tmp_path / "results" / "latest").resolve().name == running.described["run_id"]


def test_a_run_that_was_killed_before_its_first_record_has_no_page(bench: Callable[..., Bench], tmp_path: Path) -> None:
    running = bench({}, *VERBS["bench"])
    running.wait(lambda: is_under_way(running, tmp_path / "results"))
    running.process.kill()
    running.process.wait()
    assert not running.folder.exists()
    (folder,) = (tmp_path / "results").iterdir()
    command = [sys.executable, str(ROOT / "run_bench.py"), "report", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stdout
    assert done.stderr == f"run_bench.py: {folder}: nothing was measured there; name another folder, or measure again\n"
    assert not (folder / "report.html").exists()
