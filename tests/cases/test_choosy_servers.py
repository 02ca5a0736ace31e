"""Servers for 127.0.0.1 alone: check and run come from the same addresses, agree, and name the address."""

from collections.abc import Callable

from tests.support.bench import Bench, misbehaving

WAYS = ("resets", "closes", "refuses")
SERVERS = {way: misbehaving(f"choosing.py {way}") for way in WAYS}


def test_the_check_names_the_address(start: Callable[..., Bench]) -> None:
    bench = start(SERVERS, beside="", verb="check")
    assert bench.ended() == 1, bench.output
    for way in WAYS:
        lines = [line for line in bench.output.splitlines() if line.startswith(f"{way} ")]
        assert any("127." in line for line in lines), bench.output
    assert "0 of 3 strategies conform" in bench.output


def test_the_run_says_the_same(start: Callable[..., Bench]) -> None:
    bench = start(SERVERS)
    assert bench.ended() == 0, bench.output
    for way in WAYS:
        cell = bench.cells()[way]
        assert cell["status"] == "skipped", cell
        assert "127." in cell["reason"], cell
        assert bench.windows(way) == []
    assert bench.cells()["epoll"]["status"] == "ok"
