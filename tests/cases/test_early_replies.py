"""Replies that are there before their request is: errors with a name of their own."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

MIB = 16  # half of it is more than the client's kernel takes
EARLY = {"head": "head", "half": "half", "later": "head"}


@pytest.fixture(scope="module")
def early(start: Callable[..., Bench], loop: str) -> Bench:
    servers = {name: misbehaving(f"early.py {way} {MIB * 2**20}") for name, way in EARLY.items()}
    servers["later"] += " 4"
    point = f"clients = [1], sizes = ['{MIB}MiB']"
    bench = start(servers, "--unchecked", rounds=2, points=(point,), counted_s=0.5, drain_s=5.0, more=loop)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("name", EARLY)
def test_a_reply_before_its_request_is_an_error_of_its_own(early: Bench, name: str) -> None:
    cell = early.cells()[name]
    assert (cell["verdict"], cell["limited_by"], cell["rank"]) == ("doubtful", "errors", ""), cell
    assert "early" in cell["reason"], cell


def test_a_server_that_waits_for_its_requests_is_not_early(early: Bench) -> None:
    assert early.cells()["epoll"]["errors"] == "0"
