"""A session whose conduct is told."""

from collections.abc import Iterator

import pytest

from harness.processes import session
from tests.support.tree import Tree


@pytest.fixture
def tree() -> Iterator[Tree]:
    tree = Tree()
    yield tree
    session.kill(tree.process.pid)
    tree.process.communicate()
