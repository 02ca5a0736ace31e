"""Fixtures of what starts a server: strategies of bench.toml, each stopped after the test."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.config import Strategy
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG


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
