"""Whole runs, of which nothing is left after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Starts a Bench; whatever is left of it after the test is killed."""
    started: list[Bench] = []

    def start(*given: Any, **also: Any) -> Bench:
        started.append(Bench(tmp_path, *given, **also))
        return started[-1]

    yield start
    for one in started:
        one.close()
