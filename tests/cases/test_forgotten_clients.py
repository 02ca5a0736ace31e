"""Clients that are served at first and then never again: they are starved, whatever the load and the loop."""

from collections.abc import Callable

import pytest

from tests.support.bench import Bench, misbehaving

CLIENTS, EVERY = 20, 10
# How many starve. None: nearly all, or none where they come again and another one is the last; nobody relies on it.
WAYS = {"silent": CLIENTS // EVERY, "half": CLIENTS // EVERY, "last": None}
SERVERS = {way: misbehaving(f"hanging.py {way} --every {EVERY}") for way in WAYS}


NOT_PASSED = (1, 3, 4)  # 4: a machine that is too slow for ten blocks in the budget
LOADS = {"closed": "", "open": ", load = 'open', rate = [2000]"}
OF_LOOPS_AND_LOADS = [(loop, load) for loop in ("compiled", "python") for load in LOADS]


@pytest.fixture(scope="module", params=OF_LOOPS_AND_LOADS, ids="-".join)
def forgetful(request: pytest.FixtureRequest, start: Callable[..., Bench]) -> dict[str, dict[str, str]]:
    """The cells. In the open loop a window waits for its requests: those that hang are given up soon."""
    loop, load = request.param
    more = f"[loadgen]\nloop = '{loop}'"
    bench = start(SERVERS, "--unchecked", points=(f"clients = [{CLIENTS}]{LOADS[load]}",), timeout_s=0.3, more=more)
    assert bench.ended() == 0, bench.output
    assert bench.described["loader_loop"] == loop
    return bench.cells(load=load)


@pytest.mark.parametrize("way", WAYS)
def test_clients_that_are_forgotten_are_starved(forgetful: dict[str, dict[str, str]], way: str) -> None:
    cell, expected = forgetful[way], WAYS[way]
    starved = int(cell["starved"])
    assert (cell["verdict"], cell["rank"]) == ("doubtful", ""), cell
    if expected is None and not starved:
        assert "timed-out" in cell["doubts"].split(), cell
        return
    assert starved == expected if expected else CLIENTS // 2 <= starved < CLIENTS, cell
    assert "starved" in cell["doubts"].split(), cell
    assert f"{starved} of {CLIENTS}" in cell["reason"]


@pytest.mark.parametrize("way", WAYS)
def test_no_percentile_hides_them(forgetful: dict[str, dict[str, str]], way: str) -> None:
    """Where somebody waits for ever nobody has waited longest."""
    cell = forgetful[way]
    assert cell["max_us"] == "", cell


def test_nobody_else_starves(forgetful: dict[str, dict[str, str]]) -> None:
    assert forgetful["epoll"]["starved"] == "0"


def test_a_gate_whose_head_forgets_clients_finds_something(start: Callable[..., Bench]) -> None:
    variants = "[variants.base]\nenv = { EVERY = '1000000' }\n[variants.head]\nenv = { EVERY = '10' }"
    words = ("--variants", "base,head", "--budget", "20s", "--margin", "100%", "--unchecked")
    gate = start({"silent": misbehaving("hanging.py silent")}, *words, beside="", rounds=2, blocks=10,
                 points=("clients = [10]",), more=variants, verb="gate")  # fmt: skip
    assert gate.ended() in NOT_PASSED, gate.output
    assert "silent" in gate.output
    assert "starved" in gate.output
