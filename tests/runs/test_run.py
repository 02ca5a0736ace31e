"""Whole runs of run_bench.py with tiny plans: what goes wrong becomes a row, the rest is measured, nothing is left."""

import csv
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from analysis.judging import cells
from analysis.records.reading import read as results
from analysis.stopping.fixed import FixedBlocks
from harness import notes
from harness.config import read
from harness.notes import Note
from harness.plan import plan
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from harness.run import loading, run
from tests.support.bench import MISBEHAVE, SETTINGS, Bench
from tests.support.project import ROOT

# --- servers that go wrong -----------------------------------------------------------------------------------

# what becomes of each: status and reason in windows.jsonl and cells.csv
BAD = {
    "never-ready": (f"{MISBEHAVE} never-ready", "failed", "not ready within 4 s"),
    "dies-early": (f"{MISBEHAVE} dies-early", "failed", "exited with 5: no such luck"),
    "no-library": (f"{MISBEHAVE} no-library", "skipped", "needs moonlight"),
    "babbles": (f"{MISBEHAVE} babbles", "failed", "hello there"),
    "stays": (f"{MISBEHAVE} stays", "skipped", "ignored SIGTERM"),
    "orphans": (f"{MISBEHAVE} orphans", "skipped", "left 1 process behind"),
    "dies": (f"{MISBEHAVE} dies --sound-starts 1", "failed", "exited with 7: out of spirits"),
    "hangs": (f"{MISBEHAVE} hangs --sound-starts 1", "failed", "answered none of 3 clients"),
    "late-orphans": (f"{MISBEHAVE} orphans --sound-starts 1", "ok", ""),
    "late-stays": (f"{MISBEHAVE} stays --sound-starts 1", "ok", ""),
    "chatters": (f"{MISBEHAVE} chatters", "ok", ""),
}


@pytest.fixture(scope="module")
def bad_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One run of them all, with sound ones among them."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        strategies = {name: command for name, (command, _, _) in BAD.items()}
        strategies["taken"] = (
            f"env PYTHONPATH={ROOT} {{python}} -m servers.readiness.poll_loop --port {taken.getsockname()[1]}"
        )
        strategies["dies-late"] = f"{MISBEHAVE} dies --sound-starts 2"  # in the second block
        strategies["tires"] = f"{MISBEHAVE} tires --sound-starts 1"
        folder = tmp_path_factory.mktemp("a-folder-with-a-name-so-long-that-no-terminal-of-eighty-columns-holds-it")
        bench = Bench(folder, strategies, "--profile", "tiny", "--strategies", ",".join([*strategies, "epoll"]))
        try:
            bench.ended()
            yield bench
        finally:
            bench.close()


def test_run_with_bad_servers_ends_well(bad_run: Bench) -> None:
    assert bad_run.process.returncode == 0, bad_run.output
    assert "Traceback" not in bad_run.output
    assert bad_run.described["outcome"] == "complete"
    assert set(bad_run.cells()) == set(bad_run.described["strategies"])


def test_run_with_bad_servers_leaves_nothing(bad_run: Bench) -> None:
    assert bad_run.family() == []


@pytest.mark.parametrize("name", BAD)
def test_bad_server_is_a_row_with_its_reason(bad_run: Bench, name: str) -> None:
    _, status, reason = BAD[name]
    cell = bad_run.cells()[name]
    assert cell["status"] == status, cell
    assert reason in cell["reason"]
    if status == "ok":
        assert len(bad_run.windows(name)) == 2
        assert bad_run.failures(name) == []
    else:
        assert bad_run.windows(name) == []
        assert [row["block"] for row in bad_run.failures(name)] == [0, 1]
        assert all(row["status"] == status and reason in row["reason"] for row in bad_run.failures(name))


def test_port_in_use_is_a_reason_to_skip(bad_run: Bench) -> None:
    cell = bad_run.cells()["taken"]
    assert cell["status"] == "skipped"
    assert "cannot listen on" in cell["reason"]


def test_sound_server_beside_bad_ones_is_complete(bad_run: Bench) -> None:
    cell = bad_run.cells()["epoll"]
    assert cell["status"] == "ok"
    assert (cell["blocks"], cell["windows"], cell["errors"], cell["starved"]) == ("2", "2", "0", "0")
    assert int(cell["requests"]) > 0


def test_server_that_falls_silent_is_no_sound_cell(bad_run: Bench) -> None:
    """It passes the check and answers its clients, then nobody in the windows."""
    cell = bad_run.cells()["tires"]
    assert cell["status"] in ("failed", "incomplete"), cell
    assert cell["reason"]


def test_what_a_server_does_wrong_at_its_end_is_noted(bad_run: Bench) -> None:
    found = [Note(**note) for note in bad_run.described["notes"]]
    assert notes.bad_end("late-stays", "ignored SIGTERM and was killed") in found
    assert notes.bad_end("late-orphans", "left 1 process behind, which were killed") in found


def test_last_words_that_read_like_a_doubt_are_none(bad_run: Bench) -> None:
    cell = bad_run.cells()["dies-late"]
    assert (cell["status"], cell["blocks"]) == ("incomplete", "1")
    assert cell["status_reason"] == "exited with 7: out of spirits; requests failed"
    assert "failing" not in cell["doubts"].split()
    assert bad_run.cells()["dies"]["doubts"] == ""


def test_chatter_is_kept_apart(bad_run: Bench) -> None:
    assert (bad_run.folder / "logs/block-0-echo/chatters.out").stat().st_size > 2**20
    assert (bad_run.folder / "logs/block-0-echo/chatters.err").stat().st_size > 2**20
    assert "what a day" not in bad_run.output


def test_paths_at_the_end_can_be_copied(bad_run: Bench) -> None:
    run_folder = bad_run.folder.resolve()
    assert str(run_folder / "cells.csv") in bad_run.output
    assert str(run_folder / "charts") in bad_run.output


# --- servers that join -----------------------------------------------------------------------------------------

NEWCOMER = f'''"""A thread of its own for each client, in fifteen lines."""
import sys
import threading
sys.path.insert(0, "{ROOT}")  # as a module of the project this is not needed
from servers.contract import run
def talk(sock, conversation):
    with sock:
        sock.sendall(conversation.opening)
        while not conversation.hangs_up and (data := sock.recv(65536)):
            sock.sendall(conversation.received(data))
        sock.sendall(conversation.finished())
def serve(listener, options):
    while True:
        threading.Thread(target=talk, args=(listener.accept()[0], options.service()), daemon=True).start()
run(serve, __doc__)
'''


@pytest.fixture(scope="module")
def joint_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("joint")
    (folder / "newcomer.py").write_text(NEWCOMER)
    strategies = {
        "newcomer": "{python} newcomer.py {options}",
        "stays": f"{MISBEHAVE} stays",
    }
    foreign = f"{{python}} {ROOT}/tests/support/misbehaving/foreign.py {{port}}"
    with (folder / "mine.toml").open("w"):
        bench = Bench(
            folder,
            strategies | {"foreign.command": foreign, "foreign.ready": "connect"},
            *("--profile", "tiny", "--clients", "10", "--unchecked"),
            *("--strategies", "blocking,epoll,newcomer,foreign,stays"),
        )
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


def test_joint_run_ends_well(joint_run: Bench) -> None:
    assert joint_run.process.returncode == 0, joint_run.output
    assert joint_run.family() == []


@pytest.mark.parametrize("name", ["newcomer", "foreign"])
def test_stranger_joins_by_the_bench_file_alone(joint_run: Bench, name: str) -> None:
    """The newcomer: one new file and one line. The foreign one: ready = "connect", no option, no word of READY."""
    cell = joint_run.cells()[name]
    assert cell["status"] == "ok", cell
    assert cell["windows"] == "2"
    assert int(cell["requests"]) > 0
    assert cell["starved"] == "0"


def test_blocking_serves_one_and_starves_nine(joint_run: Bench) -> None:
    cell = joint_run.cells()["blocking"]
    assert (cell["clients"], cell["starved"], cell["status"]) == ("10", "9", "ok")
    assert int(cell["requests"]) > 0
    assert joint_run.cells()["epoll"]["starved"] == "0"


def test_unchecked_server_is_measured_and_marked(joint_run: Bench) -> None:
    cell = joint_run.cells()["stays"]
    assert cell["status"] == "unchecked"
    assert "ignored SIGTERM" in cell["reason"]
    assert int(cell["requests"]) > 0
    assert all(row["checked"] is False for row in joint_run.windows("stays"))
    assert all(row["checked"] is True for row in joint_run.windows("epoll"))
    assert "ignored SIGTERM" in joint_run.described["unchecked"]["stays"]


def test_charts_are_drawn(joint_run: Bench) -> None:
    charts = joint_run.folder / "charts"
    assert {path.suffix for path in charts.iterdir()} == {".png", ".svg"}


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
        self._plan = plan.make(config, plan.select(config, strategies), "tiny", plan.Overrides())
        self._recorder = Recorder(folder / "results", self._plan, ["test"])
        self._told = 0

    def carry_out(self, disturb: Callable[[int], None]) -> dict[str, dict[str, Any]]:
        """The cells that come of it."""

        def tell(done_s: float, what: str) -> None:
            disturb(self._told)
            self._told += 1

        try:
            with Watchdog() as watchdog:
                rule = FixedBlocks(self._plan.blocks, self._plan.rounds)
                run.carry_out(self._plan, self._recorder, watchdog, rule, tell, {})
        finally:
            self._recorder.finish("complete")
            assert [process for process in psutil.Process().children() if "loadgen" in process.cmdline()] == []
        recorded = results(self._recorder.folder)
        with cells.write(recorded, cells.tabulate(recorded)).open() as file:
            return {row["strategy"]: row for row in csv.DictReader(file)}


def kill(*words: str) -> None:
    """A child of ours with these words in its command; nothing if there is none."""
    for process in psutil.Process().children():
        if any(word in part for part in process.cmdline() for word in words):
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
