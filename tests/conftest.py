"""Fixtures of more than one file: the strategies of bench.toml, and servers that are stopped afterwards."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
    """Starts a strategy (options as Server.start has them) and waits until it is ready."""
    with contextlib.ExitStack() as stack:

        def started(strategy: Strategy, service: str = "echo", **options: Any) -> Server:
            server = Server.start(strategy, service=service, logs=tmp_path, **options)
            stack.callback(server.stop)
            server.wait_ready(10)
            return server

        yield started
