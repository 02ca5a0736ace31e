"""Fixtures of more than one file: the strategies of bench.toml, and servers that are stopped afterwards."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.config import Strategy, read
from harness.server import Server

ROOT = Path(__file__).parents[1]
STRATEGIES = read(ROOT / "bench.toml").strategies


@pytest.fixture(params=list(STRATEGIES.values()), ids=list(STRATEGIES))
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """Every strategy of bench.toml in turn."""
    found: Strategy = request.param
    return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a strategy and waits until it is ready."""
    with contextlib.ExitStack() as stack:

        def started(strategy: Strategy, service: str = "echo", recv_size: int = 65536, backlog: int = 1024) -> Server:
            settings = {"service": service, "recv_size": recv_size}
            server = Server.start(strategy.label, strategy, settings, logs=tmp_path, backlog=backlog)
            stack.callback(server.stop)
            server.wait_ready(10)
            return server

        yield started
