"""Standard output that can't be written: never a verdict's exit code, never a traceback, nothing left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.made_up import MadeUpGate
from tests.support.project import ROOT

TINY = (
    "[window]\nlengths = [{ clients = 1000, head_s = 0.005, counted_s = 0.03 }]\n"
    "[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{ service = ['echo'], clients = [2] }]\n"
)


@pytest.fixture
def verbs(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "mine.toml").write_text(TINY)
    run = MadeUpGate(throughput={"epoll": 1.0}, server_cpu={"epoll": 1.5}, blocks=12).write(tmp_path / "run")
    mine = f"--strategies epoll --bench {tmp_path}/mine.toml"
    where = f"--profile tiny --results {tmp_path}/results"
    return {
        "gate": f"gate --calibrate {mine} {where}",
        "gate --list": f"gate --calibrate --list {mine} {where}",
        "bench": f"{mine} {where}",
        "check": f"check --service echo {mine}",
        "compare": f"compare {run}:base {run}:head --results {tmp_path}/results",
        "--help": "--help",
        "wrong": "gate --calibrate --strategies nothing",
    }


def ended(words: str, redirected: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A verb in a shell that redirects it; what it says on standard error."""
    program = f"exec {sys.executable} {ROOT}/run_bench.py {words} {redirected}"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # as users have it
    return subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, timeout=600, cwd=folder, env=buffered
    )


@pytest.mark.parametrize("verb", ["gate", "gate --list", "bench", "check", "compare", "--help"])
def test_a_full_disk_is_said_in_one_line(verbs: dict[str, str], tmp_path: Path, verb: str) -> None:
    done = ended(verbs[verb], "> /dev/full", tmp_path)
    assert done.returncode == 141
    assert done.stderr == "run_bench.py: standard output: No space left on device; what was measured is kept\n"


@pytest.mark.parametrize("verb", ["gate", "check", "compare"])
def test_a_reader_that_leaves_is_no_verdict(verbs: dict[str, str], tmp_path: Path, verb: str) -> None:
    program = f"{sys.executable} {ROOT}/run_bench.py {verbs[verb]} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_run_that_nobody_reads_is_interrupted(verbs: dict[str, str], tmp_path: Path) -> None:
    """After two lines: the servers are alive by then, or soon would be."""
    program = f"{sys.executable} {ROOT}/run_bench.py {verbs['bench']} | head -2; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=600, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (141, "")
    for run in (tmp_path / "results").glob("2*/run.json"):
        assert json.loads(run.read_text())["outcome"] in ("interrupted", "complete")


@pytest.mark.parametrize(("verb", "code"), [("compare", 1), ("check", 0), ("--help", 0), ("wrong", 2)])
def test_a_closed_output_is_silence(verbs: dict[str, str], tmp_path: Path, verb: str, code: int) -> None:
    done = ended(verbs[verb], ">&-", tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert ended(verbs[verb], "<&- >&- 2>&-", tmp_path).returncode == code


@pytest.mark.parametrize("redirected", ["2> /dev/full", "2>&-"])
def test_a_complaint_that_cannot_be_written_keeps_its_code(
    verbs: dict[str, str], tmp_path: Path, redirected: str
) -> None:
    assert ended(verbs["wrong"], redirected, tmp_path).returncode == 2
