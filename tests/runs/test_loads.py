"""Runs under the loads that are not the closed loop, and runs that go on until they are precise enough."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.support.bench import MISBEHAVE, Bench

SETTINGS = """
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.05 }]
[open]
counted_s = 0.2
[knee]
p99_limit_ms = 1000.0
within = 0.5
[profiles.tiny]
blocks = 2
rounds = 1
matrix = [{ service = ["echo"], clients = [3], sizes = [64] }]
[strategies]
"""


def test_open_loop_at_a_rate_and_at_a_share(bench: Callable[..., Bench]) -> None:
    """A share needs the closed loop's rate, which is measured first and has cells of its own.

    Its windows are long enough for a busy machine to leave each some replies: none is a search for a length.
    """
    options = ("--profile", "tiny", "--strategies", "epoll,select", "--load", "open", "--rate", "200,10%")
    patient = SETTINGS.replace("counted_s = 0.05", "counted_s = 0.2")
    running = bench({}, *options, settings=patient, draws=True)
    assert running.ended() == 0, running.output
    rows = running.rows()
    assert {row["load"] for row in rows} == {"closed", "open"}
    for name in ("epoll", "select"):
        windows = running.windows(name)
        closed = [row for row in windows if row["load"] == "closed"]
        at_200 = [row for row in windows if row["rate"] == "200"]
        at_share = [row for row in windows if row["rate"] == "10%"]
        assert len(closed) == len(at_200) == len(at_share) == 2
        assert all(row["rate_rps"] == 200 for row in at_200)
        assert all(row["offered"] > 0 and row["dispatch_hdr"] and row["service_hdr"] for row in [*at_200, *at_share])
        # the first block's share is of the first block's closed windows
        first = next(row for row in closed if row["block"] == 0)
        share = next(row for row in at_share if row["block"] == 0)
        assert share["rate_rps"] == pytest.approx(0.1 * first["requests"] / first["counted_s"])
    seeds = {(row["strategy"], row["block"], row["offered"], row["started_ns"]) for row in rows if row.get("offered")}
    assert len(seeds) == 8
    assert list((running.folder / "charts").glob("latency_vs_rate*.png"))


def test_knee_is_searched_and_confirmed(bench: Callable[..., Bench]) -> None:
    running = bench({}, "--profile", "tiny", "--strategies", "epoll", "--load", "knee", settings=SETTINGS)
    assert running.ended() == 0, running.output
    for block in (0, 1):
        probes = [row for row in running.windows("epoll") if row["block"] == block]
        rates = [row["rate_rps"] for row in probes]
        assert rates[:2] == [500, 1000]
        assert all(row["phase"] == "search" for row in probes[:-1])
        assert probes[-1]["phase"] == "found" or len(probes) > 4  # four confirmations failed


def test_goes_on_until_precise(bench: Callable[..., Bench]) -> None:
    """In windows that are long enough for a busy machine to leave each about as many replies."""
    longer = SETTINGS.replace("counted_s = 0.05", "counted_s = 0.3")
    running = bench({}, "--profile", "tiny", "--strategies", "epoll", "--precision", "100%", settings=longer)
    assert running.ended() == 0, running.output
    described = running.described
    assert described["precision"]["target"] == 1.0
    blocks = {row["block"] for row in running.rows()}
    assert blocks == set(range(described["precision"]["first_look"]))
    assert "reached" in running.output
    assert "the budget will end the run earlier" not in running.output


def test_stops_at_the_end_of_the_budget(bench: Callable[..., Bench]) -> None:
    options = ("--profile", "tiny", "--strategies", "epoll", "--precision", "0.1%", "--budget", "3s")
    running = bench({}, *options, settings=SETTINGS)
    assert running.ended() == 0, running.output
    assert "the budget will end the run earlier" in running.output
    assert "not reached within the budget" in running.output
    assert len({row["block"] for row in running.rows()}) >= 1


# Windows of a slow server grow, so that its blocks take longer than any plan expects: two seconds and more.
LONG_BLOCKS = SETTINGS.replace(
    "[strategies]",
    """
[profiles.hurried]
blocks = 4
rounds = 3
at_most_s = 3.5
matrix = [{ service = ["echo"], clients = [20], sizes = [64] }]
[strategies]
""",
)
SLOW = {"slow": f"{MISBEHAVE} slow --sound-starts 1"}


def test_blocks_that_take_too_long_get_fewer_rounds(bench: Callable[..., Bench]) -> None:
    running = bench(SLOW, "--profile", "hurried", "--strategies", "slow", settings=LONG_BLOCKS)
    assert running.ended() == 0, running.output
    rounds = Counter(row["block"] for row in running.windows("slow"))
    assert rounds == {0: 3, 1: 1, 2: 1, 3: 1}
    assert "some got fewer than 3 rounds" in running.output


def test_a_single_block_has_no_interval(bench: Callable[..., Bench]) -> None:
    options = ("--profile", "hurried", "--strategies", "slow", "--precision", "1%", "--budget", "1s")
    running = bench(SLOW, *options, settings=LONG_BLOCKS)
    assert running.ended() == 0, running.output
    assert "not reached within the budget: no interval after 1 block" in running.output


@pytest.fixture(scope="module")
def slowed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A run in which the loader might limit each cell."""
    settings = SETTINGS.replace("[strategies]", "[verdict]\nperturb_from_share = 0.0\n[strategies]")
    options = ("--profile", "tiny", "--strategies", "threading,forking")
    running = Bench(tmp_path_factory.mktemp("slowed"), {}, *options, settings=settings)
    try:
        assert running.ended() == 0, running.output
        yield running
    finally:
        running.close()


@pytest.mark.parametrize("name", ["threading", "forking"])
def test_slowed_windows_are_told_apart(slowed: Bench, name: str) -> None:
    """One a block for each cell in which the loader might limit: here in all."""
    rows = [row for row in slowed.rows() if row["kind"] == "perturbed" and row["strategy"] == name]
    assert [row["block"] for row in rows] == [0, 1]
    assert all(row["spin_ns"] > 0 for row in rows)
    assert len(slowed.windows(name)) == 2
    assert slowed.cells()[name]["perturbed_windows"] == "2"


def test_footprints_are_taken_once_a_block(slowed: Bench) -> None:
    prints = [row for row in slowed.rows() if row["kind"] == "footprint"]
    assert len(prints) == 4
    for row in prints:
        assert row["pss_idle_bytes"] > 0
        if row["strategy"] == "forking":  # three threads are less than what the loader's start changes in sharing
            assert row["pss_bytes"] > row["pss_idle_bytes"]
        threads, processes = (4, 1) if row["strategy"] == "threading" else (4, 4)
        assert (row["threads"], row["processes"]) == (threads, processes)
        assert row["replies"] > 0
        assert row["user_s"] is None or row["user_s"] + row["system_s"] > 0
