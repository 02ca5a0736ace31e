"""The house rules that a test can hold: sizes, words with one meaning, each axis defined once."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.project import ROOT

LONGEST_FILE, LONGEST_FUNCTION = 350, 60
LONG_FUNCTIONS = {("loadgen/python_loop.py", "_stretch")}  # the hot loop, which stays in one piece

# Words that several things were called by, and what each is kept for; where it may stand in a name until then.
FREED: dict[str, tuple[str, set[str]]] = {
    "trial": ("claims that are tried", {
        "analysis/report/claims.py", "analysis/report/page.py", "commands/trial.py", "docs/kept_trial.py",
        "harness/config/tables.py", "harness/plan/trial.py",
    }),
    "page": ("the HTML page", {
        "harness/accounts/footprint.py",  # of memory
        "analysis/report/page.py", "commands/bench.py", "commands/compare.py", "commands/gate.py",
        "commands/outcomes.py", "commands/probe.py", "commands/report.py", "commands/soak.py", "commands/trial.py",
    }),
    "report": ("the HTML page's command", {"commands/report.py"}),
    "load": ("closed, open or knee", {
        "analysis/drawing/selection.py", "analysis/records/reading.py", "analysis/report/findings.py",
        "analysis/report/sweeps.py", "analysis/tables/run.py", "axes/axis.py", "axes/rows.py",
        "harness/config/matrix.py", "harness/plan/group.py", "harness/plan/in_turn.py", "harness/plan/plan.py",
        "harness/processes/loader.py", "harness/run/gathering.py", "harness/run/interleaving.py",
        "harness/run/loading.py",
        "harness/run/rounds.py", "harness/run/run.py",
        "harness/terminal.py", "loadgen/crowd.py", "loadgen/window.py",
        "loadgen/ramp.py",  # Locust's LoadTestShape
    }),
    "marks": ("a server's words on which worker has a connection", {
        "harness/config/strategy.py", "harness/processes/workers.py", "harness/run/fleet.py",
    }),
    "spread": ("a standard deviation", {
        "analysis/gate/decision.py", "analysis/gate/result.py", "analysis/interleaved.py",
        "analysis/judging/standing.py", "analysis/judging/verdict.py", "analysis/noise.py",
        "benchmarks/claims_replay.py",
        "analysis/tables/calibration.py", "benchmarks/spread.py", "harness/config/tables.py",
    }),
    "chance": ("nothing: it is a p value, or an error rate", set()),
    "check": ("the conformance check", {"harness/plan/plan.py", "commands/check.py"}),
}  # fmt: skip
LIBRARYS_OWN = {"check"}  # subprocess.run(check=...)


def ours(*endings: str) -> list[Path]:
    """The files outside tests and results with these endings."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name not in ("tests", "results")]
    found = [path for folder in folders if folder.name[0] != "." for path in folder.rglob("*")]
    return sorted(
        path
        for path in [*ROOT.iterdir(), ROOT / "results" / "README.md", *found]
        if path.is_file() and path.name.endswith(endings) and path.suffix not in (".so", ".pyc")
    )


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


CODE = ours(".py")


@pytest.mark.parametrize("path", CODE, ids=named)
def test_no_file_and_no_function_is_too_long(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (named(path), node.name) not in LONG_FUNCTIONS:
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < LONGEST_FUNCTION, node.name


def names(tree: ast.AST) -> Iterator[str]:
    """What a module calls things, and what it calls things of others by."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.keyword(arg=str(name)) if name not in LIBRARYS_OWN:
                yield name


@cache
def words(path: Path) -> set[str]:
    """The words that the names of a file, and its own, are made of."""
    told = {path.stem, *names(ast.parse(path.read_text()))}
    return {word.lower() for name in told for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


@pytest.mark.parametrize("word", FREED)
def test_a_freed_word_stands_where_it_is_allowed(word: str) -> None:
    kept_for, allowed = FREED[word]
    assert {named(path) for path in CODE if word in words(path)} == allowed, f"{word} is kept for {kept_for}"


# A new axis costs few files: where its name may stand. docs/ has the record of a run, results/README.md is made, and
# claims say what they are tried on.
EXEMPT = ("docs/", "servers/", "analysis/claims/")
AXES = {
    "requests_per_connection": {
        "axes/rows.py",
        "bench.toml",
        "benchmarks/ending.py",
        "loadgen/exchanges/exchange.py",
        "results/README.md",
    },
    "recv_size": {"axes/rows.py", "bench.toml", "harness/config/tables.py", "results/README.md"},
}


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_is_named_in_few_files(axis: str) -> None:
    files = [path for path in ours("") if not named(path).startswith(EXEMPT)]
    holding = {named(path) for path in files if axis.encode() in path.read_bytes()}
    assert holding == AXES[axis]
    assert len(holding) <= 5
