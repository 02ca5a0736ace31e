"""Files that can't grow: one line, an outcome, and what was measured stays readable."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.records.reading import read
from tests.support.bench import SETTINGS
from tests.support.project import ROOT

LIMIT = 160 << 10  # bytes of any file: more than run.json has, less than what an endless run records


@pytest.mark.parametrize("verb", ["bench", "gate"])
def test_a_disk_that_is_full_ends_the_run_in_a_line(tmp_path: Path, verb: str) -> None:
    (tmp_path / "mine.toml").write_text(SETTINGS.rpartition("[strategies]")[0])
    words = ["--strategies", "epoll", "--profile", "endless", "--bench", str(tmp_path / "mine.toml"),
             "--results", str(tmp_path / "results")]  # fmt: skip
    own = ["gate", "--calibrate", *words] if verb == "gate" else words
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_bench.py"), *own], capture_output=True, text=True, timeout=600,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
    )  # fmt: skip
    said = " ".join(done.stdout.split())
    assert "Failed: " in said, done.stdout + done.stderr
    assert "File too large; make room there, or name another folder with --results" in said
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 4, done.stdout + done.stderr
    folder = tmp_path / "results/latest"
    assert json.loads((folder / "run.json").read_text())["outcome"] == "failed"
    assert len(read(folder).windows) > 10
    assert not (folder / ".spare").exists()


SMALL = """
mount -t tmpfs -o size=512k none "$0" || exit 99
"$@"
code=$?
cp "$0/latest/run.json" "$0.json"
exit $code
"""


def test_on_a_disk_without_any_room_the_last_word_is_still_written(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SETTINGS.rpartition("[strategies]")[0])
    disk = tmp_path / "disk"
    disk.mkdir()
    command = [sys.executable, str(ROOT / "run_bench.py"), "--strategies", "epoll", "--profile", "endless",
               "--bench", str(tmp_path / "mine.toml"), "--results", str(disk)]  # fmt: skip
    done = subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", SMALL, str(disk), *command],
                          capture_output=True, text=True, timeout=600)  # fmt: skip
    if done.returncode in (1, 99) and "Strategies" not in done.stdout:
        pytest.skip(f"a small disk can't be had here: {done.stderr.strip()}")
    said = " ".join((done.stdout + done.stderr).split())
    assert "No space left on device; make room there" in said
    assert "Traceback" not in said
    assert done.returncode == 4
    assert json.loads((tmp_path / "disk.json").read_text())["outcome"] == "failed"
