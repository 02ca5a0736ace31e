"""A session whose conduct is told, servers in a block of a plan, and a project with a history."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.config import read
from harness.plan import plan, selection
from harness.plan.plan import Overrides
from harness.processes import session
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from harness.recorder import Recorder
from tests.support.met import CROWDS, Met
from tests.support.project import ROOT
from tests.support.repository import commit, git, write_bench
from tests.support.tree import Tree


@pytest.fixture
def tree() -> Iterator[Tree]:
    tree = Tree()
    yield tree
    session.kill(tree.process.pid)
    tree.process.communicate()


@pytest.fixture
def met(tmp_path: Path, watchdog: Watchdog) -> Iterator[Callable[..., Met]]:
    with ExitStack() as stack:

        def meet(wanted: str, clients: tuple[int, ...] = CROWDS, sizes: str = "[64]", **forced: object) -> Met:
            (tmp_path / "mine.toml").write_text(
                f'[profiles.tiny]\nblocks = 2\nrounds = 1\nmatrix = [{{ service = ["echo"], clients = {list(clients)}, '
                f"sizes = {sizes} }}]\n"
            )
            config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
            strategies = {
                label: one.model_copy(update=forced) for label, one in selection.select(config, wanted).items()
            }
            made = plan.make(config, strategies, "tiny", Overrides())
            recorder = Recorder(tmp_path / "results", made, ["test"])
            stack.callback(recorder.finish, "complete")
            stage = stack.enter_context(Stage(config, watchdog, recorder.logs, backlog=made.backlog))
            found = Met(made, recorder, stage, [])
            stack.enter_context(found.fleet.started(made.servers(made.groups), "echo", 0))
            return found

        yield meet


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
