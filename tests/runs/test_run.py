"""Limits of a run, and a run whose processes end at known instants."""

import contextlib
import csv
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from analysis.judging import cells
from analysis.records.reading import read as results
from analysis.stopping.fixed import FixedBlocks
from harness.config import read
from harness.plan import plan, selection
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from harness.run import loading, run
from harness.run.measure import stage_of
from tests.support.bench import MISBEHAVE, SETTINGS, Bench
from tests.support.project import ROOT

# --- limits -----------------------------------------------------------------------------------------------------


def test_soft_limit_of_descriptors_is_raised_for_the_check_too(bench: Callable[..., Bench]) -> None:
    ended = bench({}, "--profile", "tiny", "--strategies", "epoll", soft_limit=256)
    assert ended.ended() == 0, ended.output
    assert ended.cells()["epoll"]["status"] == "ok", ended.output


def test_run_that_could_measure_nothing_ends_in_1(bench: Callable[..., Bench]) -> None:
    ended = bench({"mine": f"{MISBEHAVE} no-library"}, "--profile", "tiny", "--strategies", "mine")
    assert ended.ended() == 1, ended.output
    assert ended.failures("mine")[0]["status"] == "skipped"
    assert "needs moonlight" in ended.output
    assert ended.family() == []


# --- the run itself, disturbed at known instants ------------------------------------------------------------------


class Disturbed:
    """harness.run.run in this process; `disturb` is called whenever the run tells how far it is."""

    def __init__(self, folder: Path, strategies: str) -> None:
        # Slowed windows in each group, not only where the loader happens to be busy: what is told when must not vary.
        always = SETTINGS.replace("[strategies]", "[verdict]\nperturb_from_share = 0.0\n[strategies]")
        (folder / "mine.toml").write_text(always)
        config = read(ROOT / "bench.toml", folder / "mine.toml")
        self._plan = plan.make(config, selection.select(config, strategies), "tiny", plan.Overrides())
        self._recorder = Recorder(folder / "results", self._plan, ["test"])
        self._told = 0

    def carry_out(self, disturb: Callable[[int], None]) -> dict[str, dict[str, Any]]:
        """The cells that come of it."""

        def tell(done_s: float, what: str, group: int | None) -> None:
            disturb(self._told)
            self._told += 1

        try:
            with Watchdog() as watchdog, stage_of(self._plan, self._recorder, watchdog) as stage:
                rule = FixedBlocks(self._plan.blocks, self._plan.rounds)
                load = loading.Loading(stage, self._plan, self._recorder)
                run.carry_out(self._plan, self._recorder, stage, load, rule, tell, {})
        finally:
            self._recorder.finish("complete")
            assert children("loadgen") == []
        recorded = results(self._recorder.folder)
        with cells.write(recorded, cells.tabulate(recorded)).open() as file:
            return {row["strategy"]: row for row in csv.DictReader(file)}


def children(word: str) -> list[psutil.Process]:
    """Ours that live and have this word in their command."""
    found = []
    for process in psutil.Process().children():
        with contextlib.suppress(psutil.ZombieProcess):
            found += [process] if any(word in part for part in process.cmdline()) else []
    return found


def kill(word: str) -> None:
    """A child of ours with this word in its command; nothing if there is none."""
    for process in children(word):
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)


def test_loader_that_dies_after_the_last_window_of_a_group_costs_nothing(tmp_path: Path) -> None:
    # told: the group, its two windows, its two slowed ones, the next block's group ...
    found = Disturbed(tmp_path, "epoll,select").carry_out(lambda told: kill("loadgen") if told == 4 else None)
    assert [(cell["status"], cell["windows"]) for cell in found.values()] == [("ok", "2"), ("ok", "2")]


def test_loader_that_keeps_dying_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "STARTS", 1)
    with pytest.raises(loading.GivenUp, match="failed 1 times"):
        Disturbed(tmp_path, "epoll,select,poll").carry_out(lambda told: kill("loadgen") if told == 1 else None)


def test_server_that_dies_before_it_is_connected_to_is_said_to_have_died(tmp_path: Path) -> None:
    found = Disturbed(tmp_path, "epoll,select").carry_out(lambda told: kill("select_loop") if told == 0 else None)
    assert found["epoll"]["status"] == "ok"
    assert found["select"]["status"] == "incomplete"
    assert "killed by SIGKILL" in found["select"]["reason"]
