"""In which block whose crowds come before the groups, for their memory."""

from pathlib import Path

import pytest

from harness.config import read
from harness.plan import plan, selection
from harness.plan.crowds import TURNS
from harness.plan.plan import Overrides, Plan
from tests.support.project import ROOT


def planned(folder: Path, matrix: str) -> Plan:
    (folder / "mine.toml").write_text(f"[profiles.tiny]\nblocks = 6\nrounds = 1\nmatrix = [{matrix}]\n")
    config = read(ROOT / "bench.toml", folder / "mine.toml")
    return plan.make(config, selection.select(config, "epoll,poll"), "tiny", Overrides())


def points(made: Plan, block: int, service: str = "echo") -> list[tuple[int, int]]:
    return [(group.clients, group["message_size"]) for group in made.crowds(service, block)]


def test_large_crowds_come_the_smallest_first_in_two_blocks(tmp_path: Path) -> None:
    made = planned(tmp_path, '{ service = ["echo"], clients = [500, 1, 99, 100], sizes = [64] }')
    assert [points(made, block) for block in range(4)] == [[(100, 64), (500, 64)]] * TURNS + [[]] * 2


def test_message_sizes_take_turns(tmp_path: Path) -> None:
    made = planned(tmp_path, '{ service = ["echo"], clients = [100, 200], sizes = [64, "1KiB", "16KiB"] }')
    turns = [[(100, size), (200, size)] for size in (64, 1024, 16384)]
    assert [points(made, block) for block in range(7)] == [*turns, *turns, []]


@pytest.mark.parametrize("matrix", [
    '{ service = ["echo"], clients = [99], sizes = [64] }',
    '{ service = ["echo"], clients = [500], sizes = [64], requests_per_connection = [1] }',
    '{ service = ["greet", "log"], clients = [500], sizes = [64] }',
])  # fmt: skip
def test_small_crowds_and_connections_that_end_have_no_turn(tmp_path: Path, matrix: str) -> None:
    made = planned(tmp_path, matrix)
    assert not any(points(made, block, service) for service in made.services for block in range(6))


def test_what_they_take_is_part_of_the_expected_time(tmp_path: Path) -> None:
    made = planned(tmp_path, '{ service = ["echo"], clients = [100, 500], sizes = [64] }')
    without = planned(tmp_path, '{ service = ["echo"], clients = [100, 500], requests_per_connection = [1] }')
    assert made.beside_seconds(0) == made.beside_seconds(1) > without.beside_seconds(0)
    assert made.beside_seconds(2) == without.beside_seconds(2) == 0
    extra_s = [made.seconds_of(blocks) - made.seconds_of(0) - blocks * made.block_seconds for blocks in range(4)]
    assert extra_s == pytest.approx([blocks * made.beside_seconds(0) for blocks in (0, 1, 2, 2)])


def test_footprints_are_taken_in_two_blocks_and_where_crowds_come(tmp_path: Path) -> None:
    made = planned(tmp_path, '{ service = ["echo"], clients = [1, 100], sizes = [64, "1KiB", "16KiB"] }')
    for group in made.groups:
        told = [block for block in range(7) if made.has_footprint(group, block)]
        turn = {64: [0, 3], 1024: [1, 4], 16384: [2, 5]}[group["message_size"]] if group.clients == 100 else []
        assert told == sorted({0, 1, *turn})
