"""The load generator as a process, with one worker or two."""

import shutil
from collections.abc import Iterator

import pytest

from harness.processes.loader import Loader
from tests.support.peers import running


@pytest.fixture(scope="module", params=["compiled", "python"])
def one_worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    """Either hot loop: what holds for one holds for the other."""
    if request.param == "compiled" and shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    yield from running(1, tmp_path_factory.mktemp("loader"), request.param)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    yield from running(2, tmp_path_factory.mktemp("loader"))
