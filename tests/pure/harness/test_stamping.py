"""Of how many requests one tells its latency: as many as the loader has time for, all where they are few."""

from pathlib import Path

import pytest

from harness.config import read
from harness.plan import plan, selection
from harness.plan.plan import Overrides, Plan
from harness.run.experience import Experience, Known
from harness.run.rounds import rounds_for
from tests.support.project import ROOT


def planned(tmp_path: Path, load: str, stamps_per_s: int = 20_000) -> Plan:
    (tmp_path / "mine.toml").write_text(f"[loadgen]\nstamps_per_s = {stamps_per_s}\n")
    config = read(ROOT / "bench.toml", tmp_path / "mine.toml")
    values: dict[str, list[object]] = {"load": [load], "clients": [10]}
    return plan.make(config, selection.select(config, "epoll"), "quick", Overrides(values))


def stamp_every(made: Plan, rate_rps: float) -> int:
    (group,) = made.groups
    known: Known = {(group, "epoll"): Experience(requests=round(rate_rps * 2), counted_s=2.0)} if rate_rps else {}
    ((visit, *_),) = next(rounds_for(made, group, known).rounds(lambda: ["epoll"], 0))
    return visit.stamp_every


@pytest.mark.parametrize(("rate_rps", "every"), [(0, 1), (300, 1), (39_999, 1), (100_000, 5)])
def test_it_follows_from_the_rate_so_far(tmp_path: Path, rate_rps: float, every: int) -> None:
    assert stamp_every(planned(tmp_path, "closed"), rate_rps) == every


def test_a_search_begins_slowly_so_all_tell_theirs(tmp_path: Path) -> None:
    assert stamp_every(planned(tmp_path, "knee"), 0) == 1


def test_where_no_stamp_is_read_all_tell_theirs(tmp_path: Path) -> None:
    assert stamp_every(planned(tmp_path, "closed", stamps_per_s=0), 100_000) == 1
