"""Trials of a few claims whose truth doesn't depend on how fast the machine is."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.claims.verdicts import verdicts
from analysis.judging.cells import tabulate
from analysis.records.reading import read
from tests.support.bench import MISBEHAVE, Bench
from tests.support.command_line import Case

SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
counted_limit_s = 0.05  # they don't grow, however busy the machine is
[strategies]
"""
TRUE = """
[[claims]]
name = "one-at-a-time"
text = "A server without threads or a loop leaves two of three clients waiting."
source = "its code"
matrix = [{ service = ["echo"], clients = [3] }]
rules = [{ figure = "starved", who = "blocking", at_least = 2 }, { figure = "starved", who = "epoll", at_most = 0 }]
[[claims]]
name = "a-queue"
text = "Of clients that connect at once not all are established."
rules = [{ figure = "backlog.waiting", case = "listen(5)", at_least = 1 }]
"""
FALSE = """
[[claims]]
name = "all-served"
text = "It serves them all."
matrix = [{ service = ["echo"], clients = [3] }]
rules = [{ figure = "starved", who = "blocking", at_most = 0 }]
"""
ABSENT = """
[[claims]]
name = "missing"
text = "A server that isn't there is fast."
matrix = [{ service = ["echo"], clients = [3] }]
rules = [{ figure = "throughput_rps", who = "missing", by = "epoll", at_least = 1 }]
"""


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    started: list[Bench] = []

    def start(claims: str, *more: str) -> Bench:
        (tmp_path / "claims.toml").write_text(claims)
        options = ("--claims", str(tmp_path / "claims.toml"), "--profile", "quick", "--blocks", "2", *more)
        missing = {"missing": f"{MISBEHAVE} no-library"}
        started.append(Bench(tmp_path, missing, *options, verb="trial", settings=SETTINGS))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_claims_that_are_true_hold_and_the_folder_says_so_again(trial: Callable[..., Bench]) -> None:
    running = trial(TRUE)
    assert running.ended() == 0, running.output
    lines = running.output.splitlines()
    assert lines.count("HOLDS") == 2
    assert "    blocking's clients never served (echo, 3 clients, 64 B): 2; claimed: at least 2" in lines
    assert "2 claims: 2 hold." in lines
    results = read(running.folder)
    assert [one.outcome for one in verdicts(results, tabulate(results))] == ["holds", "holds"]
    assert {row["probe"] for row in map(json.loads, (running.folder / "probes.jsonl").open())} == {"backlog"}
    assert (running.folder / "charts" / "claims-one-at-a-time.png").exists()
    page = (running.folder / "report.html").read_text()
    assert "A server without threads or a loop leaves two of three clients waiting." in page
    assert running.nothing_left()


def test_a_claim_that_is_false_is_refuted(trial: Callable[..., Bench]) -> None:
    running = trial(FALSE + TRUE)
    assert running.ended() == 1, running.output
    assert running.output.count("REFUTED HERE\n") == 1


def test_programs_are_told_each_verdict(trial: Callable[..., Bench]) -> None:
    running = trial(FALSE, "--json")
    assert running.ended() == 1, running.output
    told = [json.loads(line) for line in running.output.splitlines()]
    verdict = next(one for one in told if one["event"] == "verdict")
    assert [verdict["name"], verdict["outcome"]] == ["all-served", "refuted here"]
    assert told[-1]["exit_code"] == 1


def test_what_isnt_to_be_had_is_not_testable(trial: Callable[..., Bench]) -> None:
    running = trial(ABSENT)
    assert running.ended() == 3, running.output
    assert "NOT TESTABLE HERE: missing: " in running.output


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("trial --claims nothing.toml", "no such file; there are chapter, famous, or name a file"),
        ("trial --profile quik", '--profile quik: no such amount of a trial (did you mean "quick"?)'),
        ("trial --blocks 1", "'1' is not a whole number from 2 to"),
        ("trial --claims {file}", "claims: is missing"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(tmp_path: Path, options: str, says: str) -> None:
    done = Case(options, ()).run(tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "results").exists()
