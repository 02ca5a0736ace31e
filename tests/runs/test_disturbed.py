"""Runs that are killed, interrupted, or lose a process in the middle."""

import signal
import time
from collections.abc import Callable

from analysis.records.reading import read
from harness.notes import Note
from tests.support.bench import MISBEHAVE, Bench

BLOCKS, ROUNDS = 2, 6  # of the profile "longer"


def test_killed_harness_leaves_nothing_running(bench: Callable[..., Bench]) -> None:
    running = bench({}, "--profile", "endless", "--strategies", "epoll,forking,threading")
    running.wait_for_windows(block=1)
    assert len(running.family()) > 5  # the watchdog, the loader, three servers, their forked children
    running.process.kill()
    assert running.nothing_left(), running.family()
    rows = running.rows()
    assert len(rows) > 3 * ROUNDS
    assert all(row["kind"] != "failure" for row in rows)
    assert running.described["outcome"] == "running"
    assert len(read(running.folder).windows) == sum(row["kind"] == "window" for row in rows)


def test_killed_loader_is_replaced(bench: Callable[..., Bench]) -> None:
    """Here with two workers, which must go with their master."""
    running = bench({}, "--profile", "longer", "--strategies", "epoll,select", "--workers", "2")
    running.wait_for_windows(block=0)
    running.one("loadgen").kill()
    assert running.ended() == 0, running.output
    assert running.nothing_left(), running.family()
    found = running.cells()
    failed = [row for row in running.rows() if row["kind"] == "failure"]
    assert len(failed) <= 1  # what was being measured; none if that was nothing
    assert all("the loader ended with -9" in row["reason"] for row in failed)
    for name, cell in found.items():
        lost = sum(row["strategy"] == name for row in failed)
        assert (cell["status"], cell["blocks"]) == ("incomplete" if lost else "ok", str(BLOCKS))
        assert int(cell["windows"]) == BLOCKS * ROUNDS - lost
    assert {row["workers"] for row in running.rows() if row["kind"] == "window"} == {2}
    assert running.described["outcome"] == "complete"
    noted = {note["kind"]: str(Note(**note)) for note in running.described["notes"]}
    assert "the loader ended with -9" in noted["loader-failed"]
    assert "test of function" in noted["crowded-loader"]


def test_killed_server_costs_its_own_rows(bench: Callable[..., Bench]) -> None:
    running = bench({}, "--profile", "longer", "--strategies", "epoll,select,forking")
    running.wait_for_windows(block=0)
    running.one("servers.readiness.select_loop").kill()
    assert running.ended() == 0, running.output
    assert running.nothing_left(), running.family()
    found = running.cells()
    for name in ("epoll", "forking"):
        assert (found[name]["status"], found[name]["windows"]) == ("ok", str(BLOCKS * ROUNDS))
    assert found["select"]["status"] == "incomplete"
    assert "killed by SIGKILL" in found["select"]["reason"]
    assert [row["block"] for row in running.failures("select")] == [0]
    assert sum(row["block"] == 1 for row in running.windows("select")) == ROUNDS


def test_interrupted_run_ends_soon_with_what_it_has(bench: Callable[..., Bench]) -> None:
    running = bench({}, "--profile", "endless", "--strategies", "epoll,forking", draws=True)
    running.wait_for_windows(block=1)
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 130, running.output  # it would go on for a thousand blocks
    assert running.nothing_left(0.1), running.family()
    assert "Traceback" not in running.output
    assert running.described["outcome"] == "interrupted"
    assert running.described["finished_at"]
    assert set(running.cells()) == {"epoll", "forking"}
    assert list((running.folder / "charts").glob("*.png"))


def test_stopped_check_ends_soon(bench: Callable[..., Bench]) -> None:
    """By a polite kill, while a server hangs in it, before anything was measured."""
    running = bench({"hangs": f"{MISBEHAVE} hangs"}, "--profile", "tiny", "--strategies", "epoll,hangs")
    running.wait(lambda: "conformance check" in running.output)
    running.process.terminate()
    began = time.monotonic()
    code = running.ended(within_s=60)
    assert time.monotonic() - began < 15
    assert code == 130, running.output
    assert running.nothing_left(), running.family()
    assert "Traceback" not in running.output
    assert list(running.folder.parent.iterdir()) == []  # it never began
