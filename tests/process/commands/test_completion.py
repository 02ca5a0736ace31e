"""A shell that asks how a line may go on is answered, and nothing is started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT


def completed(line: str, answer: Path) -> list[str]:
    """What fits at the end of the line; argcomplete's way of asking."""
    asking = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "_ARGCOMPLETE_COMP_WORDBREAKS": " \t\n",
              "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}  # fmt: skip
    done = subprocess.run([sys.executable, str(ROOT / "run_bench.py")], env=os.environ | asking, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return sorted(answer.read_text().replace("\x0b", "\n").split())


@pytest.mark.parametrize(
    ("line", "fitting"),
    [
        ("gat", ["gate"]),
        ("--prof", ["--profile"]),
        ("gate --calib", ["--calibrate"]),
        ("--profile q", ["quick"]),
        ("--strategies epoll,asyncio-b", ["epoll,asyncio-buffered"]),
    ],
)
def test_a_shell_is_answered(line: str, fitting: list[str], tmp_path: Path) -> None:
    assert completed(f"run_bench.py {line}", tmp_path / "answer") == fitting
