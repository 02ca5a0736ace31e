"""Servers whose price moves with what they heard: their rate depends on the number of rounds, so it is doubtful.

Within a block it moves to a third or to three times as much, as waits and their number make it, at whatever pace. What
the machine does to all is told by the honest ones beside them, who are the faster half.
"""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

WAYS = ("leak", "list", "warm", "warming")
BLOCKS, ROUNDS = 6, 4


@pytest.fixture(scope="module")
def moving(start: Callable[..., Bench]) -> Bench:
    """Two clients: more of them wait for each other, and windows grow with that."""
    servers = {way: misbehaving(f"slowing.py {way}") for way in WAYS}
    bench = start(servers, beside="epoll poll select uvloop", points=("clients = [2]",), blocks=BLOCKS, rounds=ROUNDS)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("way", WAYS)
def test_a_rate_that_moves_from_round_to_round_is_doubtful(moving: Bench, way: str) -> None:
    cell = moving.cells()[way]
    assert (cell["status"], cell["blocks"]) == ("ok", str(BLOCKS)), cell
    assert cell["verdict"] == "doubtful", cell
    assert "round to round" in cell["reason"], cell
