"""A run of servers that work, close or pause when nobody asks them: that is in their own figures and nobody else's."""

from collections.abc import Iterator

import pytest

from harness import notes
from tests.support.bench import Bench
from tests.support.project import ROOT

UNASKED = f"{{python}} {ROOT}/tests/support/misbehaving/unasked.py"
OWED_US = 50.0  # what clock and ticks use later for each message
OF_THE_MACHINE = {note.kind for note in (notes.shared_cpu(), notes.stolen(), notes.throttled())}
WAYS = ("clock", "ticks", "spins", "closes", "pauses")
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
drain_limit_s = 0.2
[profiles.unasked]
blocks = 2
rounds = 3
matrix = [{ service = ["echo"], clients = [3], sizes = [64] }]
[strategies]
"""


@pytest.fixture(scope="module")
def run_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    strategies = {name: f"{UNASKED} {name}" for name in WAYS}
    options = ("--profile", "unasked", "--strategies", ",".join([*strategies, "epoll", "forking", "threading"]),
               "--unchecked")  # fmt: skip
    bench = Bench(tmp_path_factory.mktemp("unasked"), strategies, *options, settings=SETTINGS)
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


def test_it_ends_well_and_leaves_nothing(run_of_all: Bench) -> None:
    assert run_of_all.process.returncode == 0, run_of_all.output
    assert run_of_all.family() == []
    assert {note["kind"] for note in run_of_all.described["notes"]} <= OF_THE_MACHINE
    assert not any(row["kind"] == "failure" for row in run_of_all.rows())


def test_nobody_works_in_a_neighbours_window(run_of_all: Bench) -> None:
    rows = [row for row in run_of_all.rows() if row["kind"] in ("window", "perturbed")]
    assert {row["strategy"] for row in rows} == {*WAYS, "epoll", "forking", "threading"}
    assert all(row["neighbours_cpu_s"] < 0.002 for row in rows)
    assert not any("neighbours" in cell["doubts"].split() for cell in run_of_all.cells().values())


@pytest.mark.parametrize("name", ["clock", "ticks"])
def test_work_that_is_put_off_is_paid_by_its_requests(run_of_all: Bench, name: str) -> None:
    cell = run_of_all.cells()[name]
    assert float(cell["server_cpu_us_per_request"]) > OWED_US, cell
    assert "put-off" in cell["doubts"].split(), cell


def test_who_never_rests_is_told(run_of_all: Bench) -> None:
    cells = run_of_all.cells()
    assert [name for name, cell in cells.items() if "restless" in cell["doubts"].split()] == ["spins"]
    assert (cells["spins"]["rank"], cells["spins"]["cpu_rank"]) == ("", "")


def test_connections_that_are_closed_meanwhile_are_no_errors(run_of_all: Bench) -> None:
    assert run_of_all.cells()["closes"]["errors"] == "0"
    replaced = {name: sum(row["replaced"] for row in run_of_all.windows(name)) for name in (*WAYS, "epoll")}
    assert replaced.pop("closes") > 0
    assert not any(replaced.values())


def test_a_pause_counts_as_zero_and_is_no_death(run_of_all: Bench) -> None:
    assert run_of_all.cells()["pauses"]["status"] == "ok"
    rows = [row for row in run_of_all.rows() if row["strategy"] == "pauses" and row["kind"] in ("window", "perturbed")]
    empty = [row for row in rows if not row["replies"]]
    assert [row["block"] for row in empty] == [0, 1]
    assert all(row["unfinished"] == 3 for row in empty)
    for row in empty:
        tries = [other for other in rows if (other["block"], other["round"]) == (row["block"], row["round"])]
        assert len(tries) == 2
        assert tries[1]["replies"] > 0


def test_what_standing_still_takes_is_told(run_of_all: Bench) -> None:
    measuring = run_of_all.described["measuring"]
    around_windows = sum(row["still_s"] for row in run_of_all.rows() if row["kind"] in ("window", "perturbed"))
    assert 0 < around_windows < measuring["still_seconds"] < measuring["seconds"]
