"""Servers that stand still now and then: a stall is a long latency of theirs, no death, and nobody else's."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

PAUSE_S = 0.4  # longer than head, counted part and drain: windows without any reply
BLOCKS, ROUNDS = 2, 20
WAYS = {"even": f"even {PAUSE_S} 1.2", "random": f"random {PAUSE_S} 0.8"}


@pytest.fixture(scope="module")
def stalling(start: Callable[..., Bench]) -> Bench:
    servers = {way: misbehaving(f"pausing.py {words}") for way, words in WAYS.items()}
    bench = start(servers, blocks=BLOCKS, rounds=ROUNDS)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("way", WAYS)
def test_a_stall_is_no_death(stalling: Bench, way: str) -> None:
    cell = stalling.cells()[way]
    assert (cell["status"], cell["blocks"]) == ("ok", str(BLOCKS)), cell
    assert int(cell["windows"]) >= BLOCKS * ROUNDS  # one without any reply was tried again
    assert (cell["errors"], cell["starved"]) == ("0", "0"), cell
    assert stalling.failures(way) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_stall_is_in_the_tail(stalling: Bench, way: str) -> None:
    """What was open when its window ended is slower than any answer, and then there is no slowest."""
    cell = stalling.cells()[way]
    assert cell["max_us"] == "" or float(cell["max_us"]) >= 0.5 * PAUSE_S * 1e6, cell


def test_a_stall_is_nobody_elses(stalling: Bench) -> None:
    cell = stalling.cells()["epoll"]
    assert (cell["status"], cell["windows"]) == ("ok", str(BLOCKS * ROUNDS))
    assert float(cell["p99_us"]) < 0.5 * PAUSE_S * 1e6
