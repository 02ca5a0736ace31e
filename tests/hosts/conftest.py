"""Networks of hosts; a test that can't have one is skipped, and says why."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.support.bench import bench
from tests.support.namespaces import Network, NoNetwork
from tests.support.peers import two_workers
from tests.support.runs_from_hosts import run
from tests.support.started import start, watchdog

__all__ = ["bench", "run", "start", "two_workers", "watchdog"]


@pytest.fixture(scope="module")
def network() -> Iterator[Callable[..., Network]]:
    """network(*names): hosts that are there until the file's last test."""
    with contextlib.ExitStack() as stack:

        def made(*names: str) -> Network:
            try:
                return stack.enter_context(Network(*names))
            except NoNetwork as reason:
                pytest.skip(f"no network of hosts here: {reason}")

        yield made
