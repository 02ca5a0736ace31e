"""A run that was recorded in a noisy hour, by revision f492c4c: read today, it says what it said when last renewed.

Beside it lies the cells.csv that was made of it then; CHANGELOG.md says what was renewed and why. The closing table is
among the golden texts.
"""

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import RECORDED, ROOT
from tests.support.recorded import recorded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder as the run left it."""
    return recorded(tmp_path_factory.mktemp("noisy-hour"))


def ran(what: str, folder: Path) -> str:
    """What a command of the analysis prints into a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "analysis", what, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_value_of_its_cells_is_what_it_was(folder: Path) -> None:
    ran("cells", folder)
    before, now = rows(RECORDED / "cells.csv"), rows(folder / "cells.csv")
    assert len(before) == 84
    assert [{name: row[name] for name in before[0]} for row in now] == before


def test_its_table_is_what_it_was(folder: Path, golden: Callable[[str, str], None]) -> None:
    golden("table.txt", ran("table", folder))
