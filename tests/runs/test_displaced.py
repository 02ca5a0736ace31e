"""Runs of servers whose processes leave their session: they are refused or doubted, and nothing is left of them."""

import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.processes.census import MARK
from tests.support.bench import MISBEHAVE, Bench
from tests.support.project import ROOT

DISPLACED = f"{{python}} {ROOT}/tests/support/misbehaving/displaced.py"


def strays(bench: Bench) -> list[psutil.Process]:
    """Those of its processes that lead a session of their own and are none that the harness started."""
    return [process for process in bench.family() if is_displaced(process)]


def is_displaced(process: psutil.Process) -> bool:
    try:
        return any("displaced.py" in word for word in process.cmdline())
    except psutil.Error:
        return False


def test_a_worker_in_a_session_of_its_own_is_not_measured(bench: Callable[..., Bench]) -> None:
    it = bench({"worker": f"{DISPLACED} worker"}, "--profile", "tiny", "--strategies", "worker,epoll")
    assert it.ended() == 0, it.output
    assert it.windows("worker") == []
    assert "listens in a session of its own, where it isn't measured; run it" in it.cells()["worker"]["reason"]
    assert "left a process behind" in it.cells()["worker"]["reason"]
    assert it.cells()["epoll"]["status"] == "ok"
    assert it.family() == []


def test_one_that_hands_over_while_it_is_measured_is_doubted(bench: Callable[..., Bench]) -> None:
    name = "hands-over"
    strategies = {name: f"{MISBEHAVE} hands-over --sound-starts 1"}
    it = bench(strategies, "--profile", "tiny", "--strategies", f"{name},epoll")
    assert it.ended() == 0, it.output
    cell = it.cells()[name]
    assert len(it.windows(name)) == 2
    assert [row["fault"] for row in it.failures(name)] == ["owner", "owner"]
    assert "not-its-own" in cell["doubts"].split()
    assert (cell["rank"], cell["cpu_rank"], cell["verdict"]) == ("", "", "doubtful")
    assert "in a session of its own" in cell["reason"]
    assert it.family() == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("way", ["worker", "daemon"])
def test_nothing_is_left_of_what_has_left_its_session(
    bench: Callable[..., Bench], tmp_path: Path, sent: signal.Signals, way: str
) -> None:
    """Whatever the moment: here it comes as soon as the process is there, before it is known to anybody."""
    it = bench({way: f"{DISPLACED} {way}"}, "--profile", "tiny", "--strategies", way)
    it.wait(lambda: bool(strays(it)))
    it.process.send_signal(sent)
    it.ended()
    assert it.nothing_left(), [process.cmdline() for process in it.family()]


def test_what_a_run_starts_carries_its_mark(bench: Callable[..., Bench]) -> None:
    it = bench({"sound": f"{MISBEHAVE} sound"}, "--profile", "endless", "--strategies", "sound")
    it.wait_for_windows(0)
    marks = {it.one("loadgen").environ()[MARK], it.one("misbehave.py").environ()[MARK]}
    assert len({mark.split(".")[0] for mark in marks}) == 1
    it.process.send_signal(signal.SIGKILL)
    it.ended()
    assert it.nothing_left()
