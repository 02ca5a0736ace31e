"""In which block whose crowds come before the groups, for their memory."""

from pathlib import Path

import pytest

from harness.config import read
from harness.plan import plan
from harness.plan.crowds import TURNS
from harness.plan.plan import Overrides, Plan
from tests.support.project import ROOT


def planned(folder: Path, matrix: str) -> Plan:
    (folder / "mine.toml").write_text(f"[profiles.tiny]\nblocks = 6\nrounds = 1\nmatrix = [{matrix}]\n")
    config = read(ROOT / "bench.toml", folder / "mine.toml")
    return plan.make(config, plan.select(config, "epoll,poll"), "tiny", Overrides())


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
    assert made.expected_seconds == pytest.approx(made.seconds_of(0) + 6 * made.block_seconds)


def test_what_they_take_is_part_of_the_expected_time(tmp_path: Path) -> None:
    made = planned(tmp_path, '{ service = ["echo"], clients = [100, 500], sizes = [64] }')
    extra_s = [made.seconds_of(blocks) - made.seconds_of(0) - blocks * made.block_seconds for blocks in range(5)]
    assert extra_s[0] == 0
    assert 0 < extra_s[1] < extra_s[2]
    assert extra_s[2:] == [pytest.approx(extra_s[2])] * 3
