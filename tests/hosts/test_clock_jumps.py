"""Workers whose clocks are not ours, and jump: what becomes of windows before, during and after."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.processes.loader import Loader, LoaderLost
from tests.support.bench import SETTINGS
from tests.support.host_workers import HostWorker, gathered, in_time, waiting
from tests.support.jumping import Clock
from tests.support.namespaces import has_clocks
from tests.support.peers import LENGTHS, echo, opened, peers
from tests.support.runs_from_hosts import Run

AHEAD_S = 1_000_000
LONG = LENGTHS | {"head_s": 0.5, "counted_s": 1.5}  # a busy machine's worker begins within that head


@contextlib.contextmanager
def connected(logs: Path, clock: Clock) -> Iterator[Loader]:
    """A load generator of one worker here and one with that clock; both have clients at `it`."""
    with waiting(logs, 1, 1) as (loader, master, token), peers(it=echo) as started:
        options = ("--master", master, "--token", token, "--loop", "python")  # the compiled loop has the real clock
        with HostWorker(*options, program=clock.program):
            gathered(loader)
            with opened(loader, {"it": started["it"].url}, clients=4):
                in_time(loader)
                yield loader


def lost(loader: Loader) -> LoaderLost:
    with pytest.raises(LoaderLost) as failed:
        loader.window("it", LONG)
    assert failed.value.what == "window"
    return failed.value


@pytest.mark.skipif(not has_clocks(), reason="no clocks of their own before Linux 6.1, and for root alone")
def test_a_clock_that_is_ahead_by_days_is_known_within_what_messages_take(tmp_path: Path) -> None:
    """It starts no later for that, and nothing of it is lost."""
    program = ("unshare", "--time", "--monotonic", str(AHEAD_S), sys.executable)
    with (
        waiting(tmp_path, 1, 1) as (loader, master, token),
        peers(it=echo) as started,
        HostWorker("--master", master, "--token", token, program=program),
    ):
        (worker,) = (one for one in gathered(loader) if one["elsewhere"])
        assert abs(worker["clock_ahead_s"] - AHEAD_S) <= worker["clock_uncertainty_s"] + 1e-6
        assert worker["clock_uncertainty_s"] > 0
        with opened(loader, {"it": started["it"].url}, clients=4):
            seen = in_time(loader, LONG)
    assert (seen["workers"], seen["errors"]) == (2, {})
    assert seen["start_range_s"] < LONG["head_s"]


@pytest.mark.parametrize("by_s", [3600.0, 0.5, -0.5, -3600.0])
def test_one_that_jumps_between_windows_costs_the_next_one_alone(tmp_path: Path, by_s: float) -> None:
    clock = Clock(tmp_path)
    with connected(tmp_path, clock) as loader:
        clock.jump(by_s)
        assert "the clock of " in str(failure := lost(loader))
        assert f" jumped by {by_s:+.3g} s since it was compared last: its host was suspended" in str(failure)
        seen = in_time(loader)  # by the clock as it is now
        assert (seen["workers"], seen["errors"], seen["unanswered"]) == (2, {}, 0)


@pytest.mark.parametrize("by_s", [3600.0, 0.3, -0.3])
def test_one_that_jumps_within_a_window_costs_that_one(tmp_path: Path, by_s: float) -> None:
    """Also where its host stood still, and all that it says is possible."""
    clock = Clock(tmp_path)
    with connected(tmp_path, clock) as loader:
        timer = threading.Timer(1.0, clock.jump, [by_s])
        timer.start()
        try:
            failure = lost(loader)
        finally:
            timer.join()
        assert f" jumped by {by_s:+.3g} s since it was compared last" in str(failure)
        assert in_time(loader)["workers"] == 2


def test_where_nobody_sets_it_a_worker_that_answers_late_loses_nothing(tmp_path: Path) -> None:
    with connected(tmp_path, Clock(tmp_path)) as loader:
        for _ in range(3):
            assert in_time(loader)["workers"] == 2


LONGER = SETTINGS.replace("head_s = 0.01, counted_s = 0.05", "head_s = 0.3, counted_s = 0.05")


def test_a_run_loses_the_windows_of_a_jump_says_why_and_goes_on(run: Run, tmp_path: Path) -> None:
    clock = Clock(tmp_path)
    bench, _ = run(2, 1, "--profile", "longer", settings=LONGER, program=clock.program)
    bench.wait_for_windows(0)
    clock.jump(100.0)
    assert bench.ended() == 0, bench.output
    failed = [row for row in bench.rows() if row["kind"] == "failure"]
    reasons = [row["reason"] for row in failed if " late, after the head of " not in row["reason"]]
    assert 1 <= len(reasons) <= 2  # between two windows, or in the middle of one and found in the next
    assert all("jumped by +100 s" in reason and "its host was suspended" in reason for reason in reasons)
    assert {row["fault"] for row in failed} == {"loader"}
    assert {row["block"] for row in bench.rows() if row["kind"] == "window"} == {0, 1}
    assert "jumped by +100 s" in " ".join(note["why"] for note in bench.described["notes"])
    assert "jumped by +100 s" in bench.cells()[failed[0]["strategy"]]["reason"]
    assert bench.nothing_left()
