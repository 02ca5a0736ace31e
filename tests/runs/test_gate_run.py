"""Whole gates on a copy of the project: a planted loss, a base that doesn't start, a strategy that is gone.

The losses are large and the windows short: whether the gate tells, not how small a loss it tells. False alarms are ten
times as rare as they usually may be. No change from round to round is doubted, as a busy machine makes some.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.project import ROOT

SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.005, counted_s = 0.03 }]
[verdict]
trend_share = 1.0
[gate]
p99_margin = 1.0
alarms = 0.001
[profiles.tiny]
blocks = 10
rounds = 2
matrix = [{ service = ["echo"], clients = [8], sizes = [64] }]
"""
LOOP = "        while True:\n            # Which"
SLOW = (
    "        while True:\n            sum(range(20_000))\n            # Which"  # for each wait, which is a few messages
)


@dataclass(frozen=True)
class Case:
    """What is done to the project between base and head, and the options of the gate."""

    strategies: str = "epoll,select"
    break_base: bool = False
    slow_head: bool = False
    drop_head: bool = False
    more: tuple[str, ...] = ()

    def run(self, folder: Path) -> "Ended":
        project = folder / "project"
        names = ("analysis", "commands", "harness", "loadgen", "servers", "axes", "bench.toml", "run_bench.py")
        names += ("schema.toml",)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in names:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, project / name, ignore=ignored)
            else:
                shutil.copy(source, project / name)
        epoll = project / "servers/readiness/epoll_loop.py"
        sound = epoll.read_text()
        assert LOOP in sound
        if self.break_base:
            epoll.write_text("raise SystemExit('broken')\n")
        for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "base"]):
            identity = ["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
            subprocess.run(["git", "-C", str(project), *identity, *words], check=True)
        epoll.write_text(sound.replace(LOOP, SLOW) if self.slow_head else sound)
        if self.drop_head:
            bench = project / "bench.toml"
            lines = bench.read_text().splitlines(keepends=True)
            bench.write_text("".join(line for line in lines if not line.startswith("selectors-poll =")))
        (folder / "mine.toml").write_text(SETTINGS)
        temporary = folder / "tmp"
        temporary.mkdir()
        options = ["--against", "HEAD", "--strategies", self.strategies, "--profile", "tiny", "--margin", "100%"]
        done = subprocess.run(
            [sys.executable, "run_bench.py", "gate", *options, "--bench", str(folder / "mine.toml"), *self.more,
             "--results", str(folder / "results")],
            cwd=project, capture_output=True, text=True, timeout=900, env=os.environ | {"TMPDIR": str(temporary)},
        )  # fmt: skip
        return Ended(done.returncode, done.stdout + done.stderr, folder / "results/latest", list(temporary.iterdir()))


@dataclass(frozen=True)
class Ended:
    code: int
    said: str
    results: Path
    temporary: list[Path]  # what was left

    @property
    def words(self) -> str:
        return " ".join(self.said.split())


CASES = {
    "slower": Case(slow_head=True),
    "same": Case(more=("--undecided", "pass", "--budget", "120s")),  # what a busy machine leaves undecided ends then
    "base-broken": Case(break_base=True),
    "gone": Case(strategies="select,selectors-poll", drop_head=True),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, "Future[Ended]"]]:
    """Two at a time: nothing here depends on how fast they are."""
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(case.run, tmp_path_factory.mktemp(name)) for name, case in CASES.items()}


def test_a_planted_loss_is_found_where_it_is(ended: dict[str, "Future[Ended]"]) -> None:
    found = ended["slower"].result()
    assert found.code == 1, found.said
    last = found.said.splitlines()[-4:]  # the result, and where it is written
    assert any("in epoll" in line and "select" not in line for line in last), found.said
    assert (found.results / "gate.md").read_text().startswith("### ❌")


def test_what_did_not_change_passes(ended: dict[str, "Future[Ended]"]) -> None:
    found = ended["same"].result()
    assert found.code == 0, found.said
    assert "servers/ and bench.toml are the same at HEAD and now" in found.words


def test_a_base_that_does_not_start_is_an_invalid_measurement(ended: dict[str, "Future[Ended]"]) -> None:
    found = ended["base-broken"].result()
    assert found.code == 4, found.said
    assert "epoll fails in what it is compared with: exited with 1: broken" in found.words


def test_a_strategy_that_is_gone_is_a_failure(ended: dict[str, "Future[Ended]"]) -> None:
    found = ended["gone"].result()
    assert found.code == 1, found.said
    assert "it is no longer in bench.toml" in found.words
    assert "lost or failing in selectors-poll" in found.words


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_left_of_the_revisions(name: str, ended: dict[str, "Future[Ended]"]) -> None:
    found = ended[name].result()
    assert found.temporary == []
    facts = json.loads((found.results / "run.json").read_text())["variants"]
    assert list(facts) == ["base", "head"]
