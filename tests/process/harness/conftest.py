"""A session whose conduct is told, and a project with a history."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.processes import session
from tests.support.repository import commit, git, write_bench
from tests.support.tree import Tree


@pytest.fixture
def tree() -> Iterator[Tree]:
    tree = Tree()
    yield tree
    session.kill(tree.process.pid)
    tree.process.communicate()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two strategies, one of them changed in a second commit."""
    root = tmp_path / "project"
    (root / "servers").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    write_bench(root, "one", "two")
    for name in ("one", "two"):
        (root / "servers" / f"{name}.py").write_text("first")
    (root / ".gitignore").write_text("*.log\n")
    commit(root)
    git(root, "tag", "first")
    (root / "servers/one.py").write_text("second")
    commit(root)
    return root
