"""A run tells what a connection takes in memory, of crowds that are large enough to tell."""

import json
from collections.abc import Callable

from tests.support.bench import Bench

SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.03 }]
[profiles.crowds]
blocks = 2
rounds = 1
matrix = [{ service = ["echo"], clients = [1, 100, 150], sizes = [64] }]
[strategies]
"""


def test_memory_of_a_connection(bench: Callable[..., Bench]) -> None:
    running = bench({}, "--profile", "crowds", "--strategies", "epoll,asyncio-buffered", settings=SETTINGS)
    assert running.ended() == 0, running.output
    found = running.all_cells()
    for clients in ("100", "150"):
        assert 64 <= float(found["asyncio-buffered", clients]["memory_per_connection_kib"]) <= 74
        assert -1 <= float(found["epoll", clients]["memory_per_connection_kib"]) < 16
    assert {found[name, "1"]["memory_per_connection_kib"] for name in ("epoll", "asyncio-buffered")} == {""}
    assert all(float(cell["memory_mib"]) > 1 for cell in found.values())
    prints = [row for row in running.rows() if row["kind"] == "footprint"]
    assert all((row["crowd_bytes"] is None) == (row["clients"] == 1) for row in prints), json.dumps(prints)
