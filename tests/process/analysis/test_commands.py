"""The analysis as commands: `python -m analysis cells` and the others."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.damaged import damaged
from tests.support.made_up import failure, folder_of
from tests.support.project import ROOT


def test_the_command_ends_with_2_and_one_line_if_it_cannot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analysis", "cells", tmp_path / "no"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1


def test_no_pyplot_and_so_no_display() -> None:
    code = "import sys, analysis.drawing.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_a_page_without_pictures_loads_no_drawing_library() -> None:
    code = "import sys, analysis.judging.cells, analysis.report.page; sys.exit('matplotlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_the_command_says_that_nothing_was_measured(tmp_path: Path) -> None:
    made = folder_of(tmp_path, [failure("uvloop")])
    command = [sys.executable, "-m", "analysis", "charts", made]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "command", [["-m", "analysis", "table", "{run}"], ["run_bench.py", "compare", "{run}", "{run}:x"]]
)
def test_commands_say_what_is_damaged_and_end_with_2(tmp_path: Path, command: list[str]) -> None:
    says = "windows.jsonl:2: latency_hdr can't be decoded"
    made = damaged(tmp_path, says)
    words = [sys.executable, *(word.format(run=made) for word in command)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert f"{made}/{says}" in line
