"""A run with company: who is there is recorded, and servers that it brings out the worst of are found."""

import csv
from collections.abc import Iterator

import pytest

from tests.support.bench import SETTINGS as TINY
from tests.support.bench import Bench, misbehaving

WAYS = ("keeps", "attends", "crowded", "choked")
SETTINGS = """
[servers]
ready_timeout_s = 20.0
stop_timeout_s = 1.0
[window]
lengths = [{ clients = 1000, head_s = 0.01, counted_s = 0.1 }]
counted_limit_s = 0.1
[profiles.beside]
blocks = 2
rounds = 2
matrix = [
    { service = ["echo"], clients = [5], company = ["idle"], company_sizes = [0, 60], along = "company_sizes" },
    { service = ["echo"], clients = [5], company = [KINDS], company_sizes = [0, 20], along = "company_sizes" },
]
[strategies]
""".replace("KINDS", '"slow", "dribble", "churn", "burst", "chat"')
Cells = dict[tuple[str, str, str], dict[str, str]]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    strategies = {name: misbehaving(f"beside.py {name}") for name in WAYS}
    which = ("--profile", "beside", "--strategies", ",".join([*strategies, "epoll", "select", "thread-pool"]))
    found = Bench(tmp_path_factory.mktemp("beside"), strategies, *which, settings=SETTINGS, draws=True)
    try:
        assert found.ended() == 0, found.output
        assert found.nothing_left()
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def cells(bench: Bench) -> Cells:
    with (bench.folder / "cells.csv").open() as file:
        return {(row["strategy"], row["company"], row["company_size"]): row for row in csv.DictReader(file)}


def test_both_sizes_are_visited_in_every_round(bench: Bench) -> None:
    rows = [row for row in bench.windows("epoll") if row["company"] == "idle"]
    assert {row["along"] for row in rows} == {"company_size"}
    places = {size: [(row["block"], row["round"]) for row in rows if row["company_size"] == size] for size in (0, 60)}
    assert places[0] == places[60] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_what_became_of_them_is_in_their_windows_alone(bench: Bench) -> None:
    for row in bench.windows("epoll"):
        assert row["company_size"] or not any(name.startswith("company_") and name != "company_size" for name in row)
        if row["company_size"]:
            assert row["company_wrong"] == row["company_refused"] == row["company_closed"] == 0
            assert row["company_open"] == (0 if row["company"] in ("churn", "burst") else row["company_size"])


def test_those_who_come_and_leave_are_served(cells: Cells) -> None:
    burst, churn = cells["epoll", "burst", "20"], cells["epoll", "churn", "20"]
    assert int(burst["company_served"]) == int(burst["company_connects"]) == 20 * 4
    assert float(burst["company_served_us"]) > 0
    assert 0 < int(churn["company_served"]) == int(churn["company_connects"])
    assert float(churn["company_connects_per_s"]) > 0


def test_they_are_none_of_the_clients_that_are_measured(cells: Cells, bench: Bench) -> None:
    for row in bench.windows("epoll"):
        assert row["carried"] + row["asked"] == row["replies"] + row["failed"] + row["censored"]
        assert row["connects"] == 0
    assert float(cells["epoll", "idle", "60"]["server_cpu_ratio"]) > 0


def test_a_server_that_dies_as_they_come_says_when_and_of_what_and_others_go_on(bench: Bench, cells: Cells) -> None:
    (reason,) = {row["reason"] for row in bench.failures("crowded") if row["company"] == "idle"}
    assert reason.startswith("exited with 7: no place for so many")
    assert reason.endswith("(beside idle connections, 60 of them, before any client came)")
    assert cells["crowded", "idle", "60"]["status"] == "failed"
    assert cells["crowded", "idle", "0"]["status"] == "ok"
    assert cells["epoll", "idle", "60"]["status"] == "ok"


def test_a_server_that_dies_in_a_window_says_in_which_round(bench: Bench) -> None:
    found = [row for row in bench.failures("choked") if row["company"] == "dribble"]
    assert {row["block"] for row in found} == {0, 1}
    for row in found:
        assert row["reason"].startswith("exited with 7: choked on crumbs (beside dribblers, 20 of them, in round ")


def test_a_server_whose_memory_grows_with_slow_readers_is_told_from_one_that_waits_for_them(cells: Cells) -> None:
    grown = {
        name: float(cells[name, "slow", "20"]["memory_mib"]) - float(cells[name, "slow", "0"]["memory_mib"])
        for name in ("keeps", "epoll", "select")
    }
    assert grown["keeps"] > 20 * 0.09 + max(grown["epoll"], grown["select"])
    assert max(grown["epoll"], grown["select"]) < 20 * 0.09  # of each what it read last, 64 KiB


def test_a_server_that_lets_bystanders_wait_is_told_from_others(cells: Cells) -> None:
    """It waits 2 ms for each of those who are ready; where that leaves no median, that says it too."""
    waits, beside = cells["attends", "dribble", "20"]["p50_us"], cells["epoll", "dribble", "20"]["p50_us"]
    assert beside
    assert not waits or float(waits) > max(2000, float(beside))


def test_who_serves_few_is_skipped_with_the_reason(cells: Cells) -> None:
    skipped = cells["thread-pool", "idle", "60"]
    assert (skipped["status"], cells["thread-pool", "idle", "0"]["status"]) == ("skipped", "ok")
    assert "the 60 that come before its clients and stay take all its places" in skipped["reason"]


def test_it_is_drawn_and_on_the_page(bench: Bench) -> None:
    assert (bench.folder / "charts" / "unkindness.svg").exists()
    page = (bench.folder / "report.html").read_text()
    assert 'id="company"' in page
    assert "all served in" in page


def test_a_server_with_thousands_of_threads_is_left_to_rest(tmp_path_factory: pytest.TempPathFactory) -> None:
    """They aren't stopped and woken in turn, and leave in turn, so that the server hears that it is to stop."""
    which = ("--profile", "tiny", "--strategies", "threading-bare,epoll", "--company", "idle",
             "--company-sizes", "2100")  # fmt: skip
    patient = TINY.replace("stop_timeout_s = 1.0", "stop_timeout_s = 10.0")
    bench = Bench(tmp_path_factory.mktemp("threads"), {}, *which, settings=patient)
    try:
        assert bench.ended() == 0, bench.output
        notes = {note["kind"]: note["seen"] for note in bench.described["notes"]}
        assert "bad-end" not in notes, notes
        assert notes["left-to-rest"].startswith("threading-bare (idle, 2,100): has thousands of threads")
        assert {row["company_open"] for row in bench.windows("threading-bare")} == {2100}
        assert bench.nothing_left()
    finally:
        bench.close()
