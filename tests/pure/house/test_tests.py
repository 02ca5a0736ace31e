"""Where tests are and what they lean on: a kind and a room each, and nothing of another test's."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.project import ROOT

TESTS = ROOT / "tests"
KINDS = {"pure", "process", "conformance", "runs", "cases", "hosts"}
ROOMLESS = {"conformance", "runs", "cases", "hosts"}  # whole runs go through all rooms, and conformance is of one
FILES = sorted(TESTS.rglob("*.py"))


def leaning(source: str) -> Iterator[str]:
    """The modules of other tests that a file imports, and what it keeps silent about."""
    for node in ast.walk(ast.parse(source)):
        modules = []
        if isinstance(node, ast.Import):
            modules = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
        for module in modules:
            parts = module.split(".")
            of_a_test = any(part == "conftest" or part.startswith("test_") for part in parts)
            if of_a_test or (parts[0] == "tests" and parts[1:2] not in ([], ["support"])):
                yield module
    yield from (line for line in source.splitlines() if line.rstrip().endswith(("noqa: F401", "noqa: F811")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_what_several_tests_need_is_in_support_or_a_fixture(path: Path) -> None:
    assert list(leaning(path.read_text())) == []


@pytest.mark.parametrize(
    "planted",
    ["from test_run import bench", "import conftest", "from tests.runs.test_run import Bench",
     "from tests.runs import test_run", "from tests.process.conftest import start", "import os  # noqa" + ": F401"],
)  # fmt: skip
def test_a_planted_import_of_a_test_is_found(planted: str) -> None:
    assert list(leaning(f"import pytest\nfrom tests.support.bench import Bench\n{planted}\n")) != []


def test_a_test_has_a_kind_and_a_name_of_its_own() -> None:
    found = [path.relative_to(TESTS) for path in FILES if path.name.startswith("test_")]
    assert {path.parts[0] for path in found} == KINDS
    assert all(len(path.parts) == (2 if path.parts[0] in ROOMLESS else 3) for path in found)
    assert [name for name, times in Counter(path.name for path in found).items() if times > 1] == []
