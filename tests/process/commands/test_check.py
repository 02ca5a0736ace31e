"""What `check` counts: a server that can't start here has failed nothing, and conforms to nothing."""

import subprocess
import sys
from pathlib import Path

from tests.support.project import ROOT

ABSENT = "absent = 'sh -c \"echo needs a newer kernel >&2; exit 3\"'\n"
SILLY = "silly = 'sh -c \"echo no such option >&2; exit 2\"'\n"


def checked(tmp_path: Path, strategies: str, wanted: str) -> "subprocess.CompletedProcess[str]":
    (tmp_path / "mine.toml").write_text("[strategies]\n" + strategies)
    words = ["check", "--bench", str(tmp_path / "mine.toml"), "--strategies", wanted, "--service", "greet"]
    return subprocess.run([sys.executable, ROOT / "run_bench.py", *words], capture_output=True, text=True, timeout=60)


def test_what_cannot_start_here_is_not_counted(tmp_path: Path) -> None:
    ended = checked(tmp_path, ABSENT, "absent,epoll")
    assert ended.returncode == 0
    assert "absent skipped: needs a newer kernel\n" in ended.stdout + ended.stderr
    assert "1 of 1 strategies conform; 1 can't start here." in ended.stdout


def test_where_nothing_could_be_tried_nothing_was_shown(tmp_path: Path) -> None:
    ended = checked(tmp_path, ABSENT, "absent")
    assert ended.returncode == 1
    assert "0 of 0 strategies conform; 1 can't start here." in ended.stdout


def test_a_bad_argument_is_a_failure(tmp_path: Path) -> None:
    ended = checked(tmp_path, SILLY, "silly")
    assert ended.returncode == 1
    assert "no such option" in ended.stdout + ended.stderr
    assert "0 of 1 strategies conform." in ended.stdout
