"""Every strategy of bench.toml that serves bytes, and servers that are stopped afterwards."""

import pytest

from harness.config import Strategy
from tests.support.project import OF_BYTES
from tests.support.started import start, watchdog

__all__ = ["start", "watchdog"]


@pytest.fixture(params=list(OF_BYTES.values()), ids=list(OF_BYTES))
def strategy(request: pytest.FixtureRequest) -> Strategy:
    """Every strategy of bench.toml that serves bytes, in turn."""
    found: Strategy = request.param
    return found
