"""Servers that listen on one port by SO_REUSEPORT: each answers for the other, so they aren't compared."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.support.bench import Bench, misbehaving


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    """Two that are nobody else's: a socket that is bound and doesn't listen leaves them to who shares ports, as we do.

    A port that was merely free might be given to anybody while our servers are between two starts.
    """
    with socket.socket() as one, socket.socket() as other:
        for held in (one, other):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(("127.0.0.1", 0))
        yield one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def port(ports: tuple[int, int]) -> int:
    return ports[0]


@pytest.mark.parametrize("way", ["loop", "grandchild"])
def test_who_shares_a_port_is_refused(start: Callable[..., Bench], port: int, way: str) -> None:
    servers = {"first": misbehaving(f"sharing.py loop {port}"), "second": misbehaving(f"sharing.py {way} {port}")}
    bench = start(servers)
    assert bench.ended() == 0, bench.output
    cells = bench.cells()
    refused = [name for name in servers if cells[name]["status"] in ("failed", "skipped", "incomplete")]
    assert refused, cells
    for name in refused:
        (other,) = set(servers) - {name}
        assert f"port {port}" in cells[name]["reason"], cells[name]
        assert other in cells[name]["reason"], cells[name]
    # In no block were both of them measured.
    blocks = [{row["block"] for row in bench.windows(name)} for name in servers]
    assert not blocks[0] & blocks[1]
    assert cells["epoll"]["status"] == "ok"
    assert bench.family() == []


def test_alone_on_its_port_such_a_server_is_sound(start: Callable[..., Bench], ports: tuple[int, int]) -> None:
    ways = ("loop", "grandchild")
    servers = {way: misbehaving(f"sharing.py {way} {port}") for way, port in zip(ways, ports, strict=True)}
    bench = start(servers)
    assert bench.ended() == 0, bench.output
    for way in servers:
        assert bench.cells()[way]["status"] == "ok", bench.cells()[way]["status_reason"]


def test_a_gate_between_two_on_one_port_is_no_gate(start: Callable[..., Bench], port: int) -> None:
    variants = "[variants.fast]\n[variants.slow]\nenv = { LAG_US = '200' }"
    words = ("--variants", "fast,slow", "--budget", "20s", "--margin", "100%")
    gate = start({"shared": misbehaving(f"sharing.py loop {port}")}, *words, beside="", rounds=2, blocks=10,
                 more=variants, verb="gate")  # fmt: skip
    assert gate.ended() in (2, 4), gate.output
    assert f"port {port}" in " ".join(gate.output.split())
