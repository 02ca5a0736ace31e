"""The loader is slowed down once a block where it may limit, beside an ordinary window of the same server."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.config import read
from harness.plan import plan, selection
from harness.plan.plan import Overrides
from harness.run.experience import Experience, Known
from harness.run.rounds import rounds_for
from tests.support.project import ROOT

BUSY = Experience(requests=20_000, replies=20_000, counted_s=1.0, loader_cpu_s=1.0, loader_wall_s=1.0)
IDLE = Experience(requests=20_000, replies=20_000, counted_s=1.0, loader_cpu_s=0.5, loader_wall_s=1.0)
CONFIG = read(ROOT / "bench.toml")
PLAN = plan.make(CONFIG, selection.select(CONFIG, "epoll"), "quick", Overrides({"clients": [10]}))


def slowed(rounds: int, block: int, seen: Sequence[Experience | None]) -> list[list[bool]]:
    """Which windows of each turn are; `seen` is what is known of the server as each round begins."""
    (group,) = PLAN.groups
    known: Known = {}
    found = []
    turns = rounds_for(replace(PLAN, rounds=rounds), group, known).rounds(lambda: ["epoll"], block)
    for experience in seen:
        if experience:
            known[group, "epoll"] = experience
        for turn in next(turns, []):
            found.append([visit.load["spin_ns"] > 0 for visit in turn])
    assert next(turns, None) is None
    return found


@pytest.mark.parametrize("block", range(6))
def test_one_is_slowed_a_block_beside_an_ordinary_one(block: int) -> None:
    assert sorted(map(sorted, slowed(3, block, [BUSY] * 3))) == [[False], [False], [False, True]]


def test_which_of_the_two_comes_first_is_drawn() -> None:
    assert {slowed(1, block, [BUSY])[0][0] for block in range(20)} == {False, True}


def test_where_nothing_was_known_it_comes_at_the_end() -> None:
    assert slowed(1, 0, [None, BUSY]) == [[False], [True]]


def test_a_loader_that_rests_is_not_slowed() -> None:
    assert slowed(3, 0, [IDLE] * 3) == [[False]] * 3
