"""`run_bench.py report`: the page of a folder made again, or one line that says why not."""

import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from analysis.judging.cells import tabulate
from analysis.records.reading import read
from analysis.report import page
from commands import outcomes, report
from harness.config import ConfigError
from tests.support.damaged import DAMAGED, damaged
from tests.support.made_up import MadeUp, MadeUpGate, folder_of, window
from tests.support.project import ROOT


def asked(folder: Path) -> int:
    return report.run(Namespace(folder=folder, open=False))


def test_the_page_is_made_again_as_a_command(tmp_path: Path) -> None:
    folder = MadeUp(capacity={"epoll": 1e5, "poll": 9e4}, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path / "run")
    command = [sys.executable, str(ROOT / "run_bench.py"), "report", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Page: {folder / 'report.html'}\n"
    assert "epoll" in (folder / "report.html").read_text()


def test_of_a_gate_it_is_the_page_of_what_changed(tmp_path: Path) -> None:
    folder = MadeUpGate(throughput={"epoll": 0.9}, blocks=20, rounds=1).write(tmp_path)
    assert asked(folder) == 0
    assert "1 regression in epoll" in (folder / "report.html").read_text()


@pytest.mark.parametrize("says", DAMAGED)
def test_a_damaged_folder_is_one_line(says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        asked(damaged(tmp_path, says))
    assert says.partition(": ")[2] in str(told.value)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("run.json", '{"schema": 99}', "schema 99, this version reads"),
        ("run.json", "{", "not JSON"),
        ("run.json", None, "missing"),
        ("windows.jsonl", "{}\nno\n{}\n", "windows.jsonl:2: not a JSON record"),
    ],
)
def test_an_unknown_or_unreadable_file_is_one_line(file: str, text: str | None, says: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [window("epoll")])
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    with pytest.raises(ConfigError, match=says):
        asked(folder)


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [window("epoll")])
    (folder / "report.html").mkdir()
    with pytest.raises(ConfigError, match=r"report\.html.*check its permissions"):
        asked(folder)


def test_no_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        asked(tmp_path / "nothing")


def test_a_run_does_not_fail_because_of_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = read(folder_of(tmp_path, [window("epoll")]))

    def breaks(*_: Any) -> str:
        raise ValueError("broken")

    monkeypatch.setattr(page, "render", breaks)
    said = outcomes.page_of(results, tabulate(results))
    assert said == f"none (ValueError: broken); run_bench.py report {tmp_path} tries again"


def test_the_page_of_a_default_run_is_small_enough_to_be_sent(tmp_path: Path) -> None:
    folder = MadeUp(blocks=2, rounds=1, counted_s=0.02).write(tmp_path)  # fourteen strategies, 84 cells
    assert asked(folder) == 0
    assert 2**20 < (folder / "report.html").stat().st_size < 3 * 2**20
