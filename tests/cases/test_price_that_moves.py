"""Servers whose price moves with what they heard: their rate depends on the number of rounds, so it is doubtful."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

WAYS = {"leak": "leak 20", "list": "list", "warm": "warm 50", "warming": "warming 100"}


@pytest.fixture(scope="module")
def moving(start: Callable[..., Bench]) -> Bench:
    servers = {way: misbehaving(f"slowing.py {words}") for way, words in WAYS.items()}
    bench = start(servers, blocks=3, rounds=12)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("way", WAYS)
def test_a_rate_that_moves_from_round_to_round_is_doubtful(moving: Bench, way: str) -> None:
    cell = moving.cells()[way]
    assert cell["status"] == "ok", cell
    assert cell["verdict"] == "doubtful", cell
    assert "round to round" in cell["reason"], cell
