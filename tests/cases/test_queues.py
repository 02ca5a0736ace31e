"""Servers at which clients queue to be accepted: the queue that isn't there is named, the wait is a column."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

CLIENTS = 20
WAYS = {"five": "short 5", "one": "short 1", "shrinks": "shrinks 5", "slow": "slow"}
TOO_SHORT = {"five": 5, "one": 1, "shrinks": 5}
SERVERS = {name: misbehaving(f"queueing.py {words}") for name, words in WAYS.items()}


@pytest.fixture(scope="module")
def churning(start: Callable[..., Bench]) -> Bench:
    """A connection for each request."""
    bench = start(SERVERS, "--unchecked", points=(f"clients = [{CLIENTS}], requests_per_connection = [1]",), rounds=2)
    assert bench.ended() == 0, bench.output
    return bench


def said_of(name: str, bench: Bench) -> str:
    """What the run has to say of a server, among its notes and in its cell."""
    notes = (f"{note['seen']}: {note['why']}; {note['remedy']}" for note in bench.described["notes"])
    return "; ".join([*(note for note in notes if note.startswith(f"{name}:")), bench.cells()[name]["reason"]])


@pytest.mark.parametrize("name", TOO_SHORT)
def test_a_backlog_that_is_not_there_is_named(churning: Bench, name: str) -> None:
    said = said_of(name, churning)
    assert "backlog" in said
    assert f" {TOO_SHORT[name]}," in said


@pytest.mark.parametrize("name", ["epoll", "slow"])
def test_who_has_one_is_not_blamed(churning: Bench, name: str) -> None:
    assert churning.cells()[name]["status"] == "ok"
    assert "backlog" not in said_of(name, churning)


def test_the_tail_of_connects_is_a_column(churning: Bench) -> None:
    """Who waits longer than a window is counted."""
    cells = churning.cells()
    assert float(cells["epoll"]["connect_p99_us"]) >= float(cells["epoll"]["connect_p50_us"]) > 0
    assert all(int(cells[name]["connecting"]) > 0 for name in TOO_SHORT)
