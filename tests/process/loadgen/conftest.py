"""The load generator as a process, with one worker or two."""

import shutil
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.processes.loader import Loader
from tests.support.peers import LENGTHS, opened, peers, running, two_workers

__all__ = ["two_workers"]


@pytest.fixture(scope="module", params=["compiled", "python"])
def one_worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loader]:
    """Either hot loop: what holds for one holds for the other."""
    if request.param == "compiled" and shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    yield from running(1, tmp_path_factory.mktemp("loader"), request.param)


@pytest.fixture
def flooded(one_worker: Loader) -> Callable[..., Any]:
    """flooded(talk, windows=1, **open): the answer to `open`, then the observations."""

    def run(talk: Callable[[socket.socket, int], None], windows: int = 1, lengths: Any = None, **given: Any) -> Any:
        with peers(it=talk) as started, opened(one_worker, {"it": started["it"].url}, **given) as answer:
            seen = [one_worker.window("it", LENGTHS | (lengths or {})) for _ in range(windows)]
        return answer["targets"]["it"], *seen

    return run
