"""What a run says while it goes on: plain lines in a pipe, little with --quiet, objects with --json."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.bench import DEADLINE_S
from tests.support.project import ROOT

KEYS = {
    "plan": {"profile", "strategies", "groups", "blocks", "rounds", "seed", "expected_s"},
    "note": {"kind", "seen", "why", "remedy"},
    "conformance": {"strategy", "outcome", "reason", "remarks"},
    "progress": {"where", "left_s", "group", "figures"},
    "result": {"outcome", "exit_code", "folder"},
}
FIGURE = {"name", "rate_rps", "ratio", "low", "high"}
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


# greet: its conformance check is short
TINY = (
    "[window]\nlengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]\n"
    "[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{ service = ['greet'], clients = [3] }]\n"
)


class Said(NamedTuple):
    code: int
    out: str
    err: str


def command(folder: Path, *options: str) -> list[str]:
    (folder / "mine.toml").write_text(TINY)
    mine = [
        "--bench",
        str(folder / "mine.toml"),
        "--profile",
        "tiny",
        "--results",
        str(folder / "results"),
        "--no-charts",
    ]
    return [sys.executable, str(ROOT / "run_bench.py"), "--strategies", "epoll", *mine, *options]


def ended(folder: Path, *options: str) -> Said:
    done = subprocess.run(command(folder, *options), capture_output=True, text=True, timeout=DEADLINE_S)
    return Said(done.returncode, done.stdout, done.stderr)


def at_a_terminal(folder: Path) -> Said:
    """What a terminal of 80 columns gets of a run."""
    ours, theirs = pty.openpty()
    told = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "30", "NO_COLOR": "1"}
    process = subprocess.Popen(command(folder), stdin=theirs, stdout=theirs, stderr=theirs, env=told)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # EIO: whoever wrote there has ended
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    return Said(process.wait(DEADLINE_S), said.decode(), "")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """The same run told in each way, all at the same time."""
    ways: dict[str, Callable[[Path], Said]] = {
        "json": lambda folder: ended(folder, "--json"),
        "quiet": lambda folder: ended(folder, "--quiet"),
        "terminal": at_a_terminal,
    }
    with ThreadPoolExecutor(len(ways)) as pool:
        found = {way: pool.submit(run, tmp_path_factory.mktemp(way)) for way, run in ways.items()}
    said = {way: one.result() for way, one in found.items()}
    assert [(one.code, one.err) for one in said.values()] == [(0, "")] * len(ways), said
    return said


def documented() -> dict[str, set[str]]:
    """The keys of each event in docs/terminal.md."""
    rows = re.findall(
        r"^\| `(plan|note|conformance|progress|result)` \| .*? \| (.*) \|$",
        (ROOT / "docs/terminal.md").read_text(),
        re.MULTILINE,
    )
    return {event: set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", keys))) for event, keys in rows}


def test_json_has_the_documented_objects_and_nothing_else(runs: dict[str, Said]) -> None:
    told: list[dict[str, Any]] = [json.loads(line) for line in runs["json"].out.splitlines()]
    kinds = [one["event"] for one in told]
    assert (kinds[0], kinds[-1]) == ("plan", "result")
    assert kinds.count("plan") == kinds.count("result") == 1
    assert "progress" in kinds
    assert all(set(one) - {"event"} == KEYS[one["event"]] for one in told)
    assert documented() == KEYS
    figures = [figure for one in told if one["event"] == "progress" for figure in one["figures"]]
    assert {figure["name"] for figure in figures} == {"epoll"}
    assert all(set(figure) == FIGURE for figure in figures)
    assert told[0]["strategies"] == ["epoll"]
    assert told[-1]["outcome"] == "complete"
    assert (Path(told[-1]["folder"]) / "cells.csv").exists()


def test_a_server_that_does_not_conform_is_an_event(tmp_path: Path) -> None:
    """Programs read nothing else: that it is missing from the results would be a riddle."""
    mute = tmp_path / "mute.py"
    mute.write_text("import socket, sys, time\n"
                    "listening = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
                    "print('READY', flush=True)\n"
                    "while True:\n    listening.accept()[0].close()\n")  # fmt: skip
    own = f'[strategies.mute]\ncommand = "{{python}} {mute} {{port}}"\nservices = ["greet"]\n'
    line = command(tmp_path, "--json", "--strategies", "epoll,mute")
    (tmp_path / "mine.toml").write_text(TINY + own)
    done = subprocess.run(line, capture_output=True, text=True, timeout=DEADLINE_S)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    (found,) = [one for one in told if one["event"] == "conformance"]
    assert set(found) - {"event"} == KEYS["conformance"]
    assert (found["strategy"], found["outcome"], found["remarks"]) == ("mute", "failed", [])
    assert found["reason"]
    kinds = [one["event"] for one in told]
    assert kinds.index("conformance") < kinds.index("progress")
    assert (done.returncode, told[-1]["outcome"]) == (0, "complete")


def test_quiet_says_the_result_alone(runs: dict[str, Said]) -> None:
    assert runs["quiet"].out.lstrip().startswith("greet, 3 clients")
    assert "Cells: " in runs["quiet"].out
    assert not re.search("Expected|left\\)|Strategies", runs["quiet"].out)


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_what_goes_wrong_is_said_all_the_same(tmp_path: Path, option: str) -> None:
    done = ended(tmp_path, option, "--strategies", "nothing")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("run_bench.py: ")
    assert done.err.count("\n") == 1


def test_one_of_both_is_asked_for(tmp_path: Path) -> None:
    done = ended(tmp_path, "--quiet", "--json")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "not allowed with" in done.err


def test_a_terminal_gets_a_picture_that_moves_and_no_color_if_it_wants_none(runs: dict[str, Said]) -> None:
    said = runs["terminal"].out
    assert "so far" in said
    assert "\x1b[?25l" in said  # the cursor is hidden meanwhile
    assert said.rindex("\x1b[?25h") > said.rindex("\x1b[?25l")
    assert not re.search(r"\x1b\[(?:\d;)?3[0-7]m", said)
    lines = [ESCAPE.sub("", line).rstrip() for line in said.replace("\r", "\n").split("\n")]
    before_the_table = lines[: next(at for at, line in enumerate(lines) if line.startswith("greet, 3 clients"))]
    assert max(map(len, before_the_table)) <= 80
