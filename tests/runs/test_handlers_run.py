"""A run with handlers: spoilt ones fail the check, and most are found in their windows too; honest ones aren't."""

from collections.abc import Iterator

import pytest

from tests.support.bench import Bench, misbehaving

WAYS = ("honest", "half", "tenth", "first")
SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
grow_to_p99s = 2
[profiles.handled]
blocks = 2
rounds = 2
matrix = [
    { service = ["echo"], clients = [3], handlers = ["blocks", "waits", "computes"], handler_times = ["20ms"] },
]
[strategies]
"""


@pytest.fixture(scope="module")
def unchecked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    strategies = {name: f"{misbehaving('handling.py')} {name} {{options}}" for name in WAYS}
    which = ("--profile", "handled", "--strategies", ",".join([*strategies, "select"]), "--unchecked")
    bench = Bench(tmp_path_factory.mktemp("handled"), strategies, *which, settings=SETTINGS)
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


def test_spoilt_handlers_fail_the_check_with_the_reason(unchecked: Bench) -> None:
    assert unchecked.process.returncode == 0, unchecked.output
    cells = unchecked.cells(handler="blocks")
    for name in ("half", "tenth", "first"):
        assert cells[name]["status"] == "unchecked"
        assert "though its handler takes 20 ms" in cells[name]["reason"], cells[name]
    assert (cells["honest"]["status"], cells["select"]["status"]) == ("ok", "ok")


def test_one_that_cannot_wait_is_skipped_there_alone(unchecked: Bench) -> None:
    assert "no way to carry out a handler that waits" in unchecked.cells(handler="waits")["select"]["reason"]
    assert unchecked.cells(handler="computes")["select"]["status"] == "ok"


@pytest.mark.parametrize("handler", ["blocks", "waits", "computes"])
def test_measured_all_the_same_they_are_doubted(unchecked: Bench, handler: str) -> None:
    cells = unchecked.cells(handler=handler)
    doubted = {name for name, cell in cells.items() if "unhandled" in cell["doubts"].split()}
    # The rest is for the check, which asks alone. Half a computation is a fast CPU's, too; a loop that is blocked for
    # half of the time keeps three clients waiting for more than the whole.
    spoilt = {"blocks": {"tenth"}, "waits": {"half", "tenth", "first"}, "computes": {"tenth"}}[handler]
    assert spoilt <= doubted, {name: cells[name]["reason"] for name in WAYS}
    assert not doubted & {"honest", "select"}, cells
    assert not any(cells[name]["rank"] for name in doubted)


def test_what_the_handlers_take_is_told_apart(unchecked: Bench) -> None:
    assert unchecked.described["calibration"]["per_ms"] > 0
    assert all(block["iterations_per_ms"] > 0 for block in unchecked.described["surroundings"])
    cell = unchecked.cells(handler="computes")["honest"]
    own, rest, both = (float(cell[f"{what}_cpu_us_per_request"]) for what in ("handler", "mechanism", "server"))
    assert own + rest == pytest.approx(both, rel=1e-3)
    assert unchecked.cells(handler="blocks")["honest"]["handler_cpu_us_per_request"] == ""
