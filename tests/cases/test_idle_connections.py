"""A server that closes connections on which nothing comes: they are replaced, and no request has failed."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

CLOSES_AFTER_S = 0.2  # less than the neighbours' windows take


@pytest.fixture(scope="module")
def closing(start: Callable[..., Bench]) -> Bench:
    servers = {"closes": misbehaving(f"closing.py {CLOSES_AFTER_S}")}
    bench = start(servers, "--unchecked", beside="epoll poll select", rounds=4)
    assert bench.ended() == 0, bench.output
    return bench


def test_a_connection_that_was_closed_while_nobody_asked_is_no_error(closing: Bench) -> None:
    cell = closing.cells()["closes"]
    assert (cell["windows"], cell["errors"], cell["starved"]) == ("8", "0", "0"), cell
    assert "failing" not in cell["doubts"].split(), cell
    assert closing.failures("closes") == []


def test_they_are_counted_apart(closing: Bench) -> None:
    assert sum(row["replaced"] for row in closing.windows("closes")) > 0
    assert sum(row["replaced"] for row in closing.windows("epoll")) == 0
