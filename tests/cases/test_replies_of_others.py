"""Replies that are wrong now and then: errors with a name, never noise."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

WAYS = {"another": 500, "previous": 600, "byte": 700}  # one reply in so many is wrong: far below 1 %
SERVERS = {way: misbehaving(f"crossing.py {way} --every {every}") for way, every in WAYS.items()}
NOT_PASSED = (1, 3, 4)  # 4: a machine that is too slow for ten blocks in the budget


@pytest.fixture(scope="module")
def wrong(start: Callable[..., Bench], loop: str) -> Bench:
    points = ("clients = [10]", "clients = [10], load = 'open', rate = [5000]")
    bench = start(SERVERS, "--unchecked", points=points, more=loop, rounds=6)
    assert bench.ended() == 0, bench.output
    return bench


@pytest.mark.parametrize("load", ["closed", "open"])
@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_reply_is_never_noise(wrong: Bench, way: str, load: str) -> None:
    cell = wrong.cells(load=load)[way]
    assert 0 < int(cell["errors"]) < 0.01 * int(cell["requests"]), cell
    assert (cell["verdict"], cell["limited_by"], cell["rank"]) == ("doubtful", "errors", ""), cell
    assert "wrong-replies" in cell["doubts"].split()
    assert "corrupt" in cell["reason"]


@pytest.mark.parametrize("load", ["closed", "open"])
def test_right_replies_beside_them_are_right(wrong: Bench, load: str) -> None:
    assert wrong.cells(load=load)["epoll"]["errors"] == "0"


def test_the_check_finds_them(start: Callable[..., Bench]) -> None:
    """They behave for their first thousand messages."""
    bench = start(SERVERS, beside="", verb="check")
    assert bench.ended() == 1, bench.output
    for way in WAYS:
        assert any(line.startswith(f"{way} fails the conformance suite") for line in bench.output.splitlines()), (
            bench.output
        )


def test_a_gate_whose_head_is_wrong_finds_something(start: Callable[..., Bench]) -> None:
    variants = "[variants.base]\nenv = { EVERY = '100000000' }\n[variants.head]\nenv = { EVERY = '500' }"
    words = ("--variants", "base,head", "--budget", "20s", "--margin", "100%", "--unchecked")
    gate = start({"byte": misbehaving("crossing.py byte")}, *words, beside="", rounds=2, blocks=10,
                 more=variants, verb="gate")  # fmt: skip
    assert gate.ended() in NOT_PASSED, gate.output
    assert "byte" in gate.output
    assert "failing" in gate.output
