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
    bench = start(SERVERS, "--unchecked", points=(f"clients = [{CLIENTS}], requests_per_connection = [1]",))
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("name", TOO_SHORT)
def test_a_backlog_that_is_not_there_is_named(churning: Bench, name: str) -> None:
    cell = churning.cells()[name]
    assert cell["verdict"] != "ok", cell
    assert "backlog" in cell["reason"], cell
    assert f" {TOO_SHORT[name]}" in cell["reason"], cell


@pytest.mark.parametrize("name", ["epoll", "slow"])
def test_who_has_one_is_not_blamed(churning: Bench, name: str) -> None:
    cell = churning.cells()[name]
    assert cell["status"] == "ok", cell
    assert "backlog" not in cell["reason"], cell


def test_the_tail_of_connects_is_a_column(churning: Bench) -> None:
    cell = churning.cells()["epoll"]
    assert float(cell["connect_p99_us"]) >= float(cell["connect_p50_us"]) > 0


def test_the_check_names_the_backlog(start: Callable[..., Bench]) -> None:
    bench = start({name: SERVERS[name] for name in TOO_SHORT}, beside="", verb="check")
    assert bench.ended() == 1, bench.output
    for name, length in TOO_SHORT.items():
        (line,) = [line for line in bench.output.splitlines() if line.startswith(f"{name} ") and "backlog" in line]
        assert f" {length}" in line, line
