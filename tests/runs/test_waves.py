"""A group that has no room here at once: the reference is in each wave, beside those that are held to it."""

from collections.abc import Callable

from harness import machine
from tests.support.bench import SETTINGS, Bench, misbehaving

CLIENTS = 3  # of the tiny profile
NAMES = ("one", "two", "three")
BLOCKS = 3


def test_ratios_are_between_neighbours(bench: Callable[..., Bench]) -> None:
    each = int(machine.available_memory() * 0.3 / CLIENTS)  # two of them and the reference have room
    heavy = "".join(
        f'{name} = {{ command = "{misbehaving("waiting.py 0")}", memory_per_client = {each} }}\n' for name in NAMES
    )
    options = ("--profile", "tiny", "--strategies", "epoll," + ",".join(NAMES), "--unchecked")
    running = bench(
        {}, *options, settings=SETTINGS.replace("blocks = 2\nrounds = 1", f"blocks = {BLOCKS}\nrounds = 2", 1) + heavy
    )
    assert running.ended() == 0, running.output
    assert "ratios to epoll, which is among them each time" in " ".join(running.output.split())
    windows = {name: running.windows(name) for name in ("epoll", *NAMES)}
    assert {name: len(rows) for name, rows in windows.items()} == {"epoll": 4 * BLOCKS} | dict.fromkeys(
        NAMES, 2 * BLOCKS
    )
    places = {name: {(row["block"], row["round"]) for row in rows} for name, rows in windows.items()}
    assert len(places["epoll"]) == 4 * BLOCKS
    assert places["one"] == places["two"]
    assert places["one"] & places["three"] == set()
    assert places["one"] | places["three"] == places["epoll"]
    cells = running.cells()
    assert {cells[name]["windows"] for name in NAMES} == {str(2 * BLOCKS)}
    footprints = [row["block"] for row in running.rows() if row["kind"] == "footprint" and row["strategy"] == "epoll"]
    assert len(footprints) == len(set(footprints)) > 0
