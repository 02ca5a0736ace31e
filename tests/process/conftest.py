"""Fixtures of more than one file: the strategies of bench.toml, and servers that are stopped afterwards."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.config import Strategy
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, OF_BYTES


@pytest.fixture(params=list(OF_BYTES.values()), ids=list(OF_BYTES))
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """Every strategy of bench.toml that serves bytes, in turn."""
    found: Strategy = request.param
    return found


@pytest.fixture(scope="module")
def watchdog() -> Iterator[Watchdog]:
    with Watchdog() as watchdog:
        yield watchdog


@pytest.fixture
def start(tmp_path: Path, watchdog: Watchdog) -> Iterator[Callable[..., Server]]:
    """Starts a strategy and waits until it is ready; the test of one that can't start here is skipped."""
    with contextlib.ExitStack() as stack:

        def started(strategy: Strategy, service: str = "echo", recv_size: int = 65536, backlog: int = 1024) -> Server:
            settings = {"service": service, "recv_size": recv_size}
            stage = stack.enter_context(Stage(CONFIG, watchdog, tmp_path, backlog=backlog))
            server = stage.start(strategy.label, strategy, settings)
            try:
                stage.wait_ready(server)
            except ServerFailed as failure:
                if failure.skipped:
                    pytest.skip(str(failure))
                raise
            return server

        yield started
