"""Servers at which clients queue to be accepted, in the check: it names the queue; clients wait for seconds."""

from collections.abc import Callable

from tests.support.bench import Bench, misbehaving

TOO_SHORT = {"one": 1, "shrinks": 5}
SERVERS = {"one": misbehaving("queueing.py short 1"), "shrinks": misbehaving("queueing.py shrinks 5")}


def test_the_check_names_the_backlog(start: Callable[..., Bench]) -> None:
    """Others may never need one: to that a server conforms or not."""
    bench = start(SERVERS, beside="", verb="check")
    assert bench.ended() in (0, 1), bench.output
    for name, length in TOO_SHORT.items():
        (line,) = [line for line in bench.output.splitlines() if f"{name} " in line and "backlog" in line]
        assert f" {length}," in line, line
