"""A run of servers that go wrong, each in its way: it becomes a row, the rest is measured, nothing is left."""

import socket
from collections.abc import Iterator

import pytest

from harness import notes
from harness.notes import Note
from tests.support.bench import MISBEHAVE, SETTINGS, Bench
from tests.support.project import ROOT

# what becomes of each: status and reason in windows.jsonl and cells.csv
BAD = {
    "never-ready": (f"{MISBEHAVE} never-ready", "failed", "not ready within 15 s"),
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
        options = ("--profile", "tiny", "--strategies", ",".join([*strategies, "epoll"]))
        settings = SETTINGS.replace("ready_timeout_s = 20.0", "ready_timeout_s = 15.0")  # the others are, by then
        bench = Bench(folder, strategies, *options, settings=settings, draws=True)
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
