"""What a connection costs in memory: known by design for one strategy, negative for none."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench

CLIENTS = 100
OURS = "epoll forking threading asyncio-buffered gevent"


@pytest.fixture(scope="module")
def cells(start: Callable[..., Bench]) -> dict[str, dict[str, str]]:
    """In a block the crowd may come before or after the single client."""
    bench = start({}, beside=OURS, points=(f"clients = [1, {CLIENTS}]",), rounds=1)
    assert bench.ended() == 0, bench.output
    return bench.cells(clients=str(CLIENTS))


@pytest.mark.parametrize("name", OURS.split())
def test_a_connection_gives_no_memory_back(cells: dict[str, dict[str, str]], name: str) -> None:
    assert float(cells[name]["memory_per_connection_kib"]) >= -1


def test_a_buffer_for_each_client_is_seen(cells: dict[str, dict[str, str]]) -> None:
    """asyncio-buffered has one of 64 KiB by design."""
    assert 64 <= float(cells["asyncio-buffered"]["memory_per_connection_kib"]) <= 74


def test_a_process_for_each_client_costs_most(cells: dict[str, dict[str, str]]) -> None:
    costs = {name: float(cell["memory_per_connection_kib"]) for name, cell in cells.items()}
    assert max(costs, key=lambda name: costs[name]) == "forking"
