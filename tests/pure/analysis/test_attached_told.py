"""What a run says of servers that ran already, of made-up results: what isn't known, who is compared."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import hosts
from analysis.drawing.selection import selections
from analysis.judging.attached import in_words
from analysis.judging.cells import tabulate, write
from analysis.records.machine import server_cpus
from analysis.records.reading import Results, read
from analysis.report import findings, method, table
from analysis.report.entries import entries
from analysis.report.ratios import Ratios
from analysis.so_far import SoFar
from tests.support.made_up import failure, ranked, window
from tests.support.made_up import folder_of as folder
from tests.support.pages import rendered
from tests.support.tabulated import printed

OWN = {"epoll": 1000.0, "select": 700.0}
THEIRS = {"shop": 4000.0, "web": 2000.0}
UNKNOWN = {"server_cpu_s": None, "server_minor_faults": None, "server_processes": None}
MET = {
    name: UNKNOWN | {"variant": "attached", "network_round_trip_us": 210.0, "latencies": np.full(1000, 4e5)}
    for name in THEIRS
}
STRATEGIES = {name: {"command": "x", "family": "other", "place": None} for name in OWN} | {
    name: {"command": None, "attach": f"{name}.example:9000", "address": f"192.0.2.{place}:9000", "family": "other",
           "place": None} for place, name in enumerate(["web", "shop"], start=1)
}  # fmt: skip


def rows(rates: dict[str, float] = OWN | THEIRS, **given: dict[str, Any]) -> list[dict[str, Any]]:
    return ranked(rates, **(MET | given))


def results_of(at: Path, records: list[dict[str, Any]]) -> Results:
    return read(folder(at, records, strategies=STRATEGIES))


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return results_of(tmp_path, rows())


def named(cells: pd.DataFrame) -> dict[str, pd.Series]:
    return {cell["strategy"]: cell for _, cell in cells.iterrows()}


def test_the_run_s_own_are_as_if_they_weren_t_there(tmp_path: Path, results: Results) -> None:
    """No figure, rank, bar or movement of theirs is in those of the others."""
    records = rows()
    alone = tabulate(results_of(tmp_path / "alone", [row for row in records if row["strategy"] in OWN]))
    beside = tabulate(results)
    beside = beside[beside["variant"] == ""].reset_index(drop=True)
    pd.testing.assert_frame_equal(beside, alone)
    assert named(alone)["epoll"]["rank"] == 1


def test_they_have_no_rank_however_fast_they_are(results: Results) -> None:
    cells = named(tabulate(results))
    for name in THEIRS:
        assert pd.isna(cells[name]["rank"])
        assert pd.isna(cells[name]["cpu_rank"])


def test_ratios_are_to_the_first_of_them_in_the_order_of_the_run(results: Results) -> None:
    cells = named(tabulate(results))
    assert cells["web"]["ratio"] == 1
    assert cells["shop"]["ratio"] == pytest.approx(2, rel=0.02)
    assert cells["select"]["ratio"] == pytest.approx(0.7, rel=0.02)


def test_what_isn_t_known_is_empty_with_the_reason(results: Results) -> None:
    cells = named(tabulate(results))
    for name in THEIRS:
        cell = cells[name]
        for column in ("server_cpu_us_per_request", "server_cpu_share", "capacity_per_core_rps", "server_cpu_ratio",
                       "server_minor_faults_per_request"):  # fmt: skip
            assert pd.isna(cell[column]), column
        assert cell["not_known"].startswith("its CPU time, memory and processes")
        assert cell["network_round_trip_us"] == 210
    assert cells["web"]["attached"] == "192.0.2.1:9000"
    assert cells["web"]["latency_between"] == "this machine and 192.0.2.1"
    own = cells["epoll"]
    assert own["attached"] == own["not_known"] == own["latency_between"] == ""
    assert pd.isna(own["network_round_trip_us"])


def test_between_what_latencies_are_is_told_with_how_far_that_is(results: Results) -> None:
    cell = named(tabulate(results))["web"]
    met = "attached at 192.0.2.1:9000; latencies are between this machine and 192.0.2.1"
    assert in_words(cell) == f"{met}, 210 µs there and back by the network alone"
    trips = {"round_trip_us": 300.0, "round_trip_from": "one (192.0.2.9)", "round_trip_nearest_us": 20.0}
    from_hosts = dict(cell) | {"network_round_trip_us": float("nan")} | trips
    farthest = "where a small exchange takes 300 µs from one (192.0.2.9), the farthest, and 20.0 µs from the nearest"
    assert in_words(from_hosts) == f"{met}, {farthest}"


def test_where_nobody_knows_where_it_stands_files_are_empty(tmp_path: Path) -> None:
    """Records have no CPUs and no receive size of it; in tables it stands beside its neighbours all the same."""
    unknown = {"server_cpus": None, "recv_size": None}
    results = results_of(tmp_path, rows(**{name: MET[name] | unknown for name in THEIRS}))
    cells = tabulate(results)
    by_name = named(cells)
    assert by_name["web"]["server_cpus"] == by_name["epoll"]["server_cpus"] == "1"
    assert by_name["web"]["recv_size"] == by_name["epoll"]["recv_size"]
    with write(results, cells).open() as file:
        written = {row["strategy"]: row for row in csv.DictReader(file)}
    for name in THEIRS:
        assert (written[name]["server_cpus"], written[name]["recv_size"]) == ("", "")
        assert "its CPUs and receive size" in written[name]["not_known"]
    assert (written["epoll"]["server_cpus"], written["epoll"]["recv_size"]) == ("1", "65536")


def test_where_it_is_skipped_what_was_asked_for_is_told(tmp_path: Path) -> None:
    skipped = failure("web", status="skipped", variant="attached", recv_size=1024)
    results = results_of(tmp_path, [*rows(web=MET["web"] | {"recv_size": None}), skipped])
    with write(results, tabulate(results)).open() as file:
        written = {(row["strategy"], row["recv_size"]): row["status"] for row in csv.DictReader(file)}
    assert (written["web", ""], written["web", "1024"]) == ("ok", "skipped")


def test_a_run_of_them_alone_says_no_cpus(tmp_path: Path) -> None:
    results = results_of(tmp_path, rows(THEIRS))
    results.run.update(server_cpus=[], groups=[{"server_cpus": None}])
    assert server_cpus(results.run) == ""


def test_how_requests_come_to_them_is_said() -> None:
    there = {"address": "192.0.2.2:9", "elsewhere": True}
    for strategies, workers, says in (
        ([{"address": None}], [], "over loopback"),
        ([{"address": "127.0.0.1:9", "elsewhere": False}], [], "over loopback"),
        ([there], [], "over the network to 192.0.2.2"),
        ([there, {"address": None, "elsewhere": False}], [], "over loopback, and over the network to 192.0.2.2"),
        (
            [there],
            [{"host": "vm", "address": f"192.0.2.{last}", "elsewhere": True} for last in (3, 4, 4)],
            "over the network, from vm (192.0.2.3) and vm (192.0.2.4)",
        ),
        (
            [there],
            [{"host": "one", "address": f"192.0.2.{last}", "elsewhere": last == 3} for last in (3, 1)],
            "over the network, from one (192.0.2.3) and this machine",
        ),
    ):
        run = {"strategies": dict(enumerate(strategies)), "loader_workers": workers}
        assert hosts.way(run) == says


def test_server_and_network_can_t_be_told_apart(results: Results) -> None:
    cells = named(tabulate(results))
    assert {cells[name]["limited_by"] for name in THEIRS} == {"server or network"}


def test_a_loader_that_may_limit_is_named_all_the_same(tmp_path: Path) -> None:
    busy = {"loader_cpu_s": 0.122, "loader_wall_s": 0.124}
    cells = named(tabulate(results_of(tmp_path, rows(web=MET["web"] | busy))))
    assert cells["web"]["limited_by"] == "both"


def test_a_loader_on_the_servers_cpu_takes_nothing_of_one_elsewhere(tmp_path: Path) -> None:
    records = rows(**{name: {"server_cpus": "0"} | given for name, given in ({own: {} for own in OWN} | MET).items()})
    cells = named(tabulate(results_of(tmp_path, records)))
    assert (cells["epoll"]["limited_by"], cells["web"]["limited_by"]) == ("loader", "server or network")


def test_in_the_terminal_they_stand_apart_with_the_reason(tmp_path: Path) -> None:
    text = " ".join(printed(folder(tmp_path, rows(), strategies=STRATEGIES), width=400).split())
    own, theirs = text.split(", attached # ")[0] if ", attached # " in text else text.split(", attached ")[0], text
    assert "web@attached" not in own
    assert "of web@attached" in theirs
    assert "attached at 192.0.2.1:9000; latencies are between this machine and 192.0.2.1, 210 µs" in theirs
    assert "not known: its CPU time, memory and processes" in theirs
    assert "@attached: servers that somebody else has started." in theirs
    assert "Ratio to epoll" in theirs


def test_a_run_of_them_alone_doesn_t_miss_the_reference(tmp_path: Path) -> None:
    text = printed(folder(tmp_path, rows(THEIRS), strategies=STRATEGIES))
    assert "No ratios without" not in text
    assert "Ratio to epoll" not in text


def test_no_ratio_on_the_page_is_between_them_and_others(results: Results) -> None:
    cells = tabulate(results)
    everyone = entries(results.run, cells)
    ratios, number = Ratios(results, everyone), {entry.strategy: entry.number for entry in everyone}
    by_name = named(cells)
    assert ratios.to_reference(ratios.point(by_name["web"]), number["web"])["y"] != 1
    for one in THEIRS:
        for other in OWN:
            value, *_ = ratios.of(ratios.point(by_name[one]), number[one], number[other])
            assert value != value
    value, *_ = ratios.of(ratios.point(by_name["shop"]), number["shop"], number["web"])
    assert value == pytest.approx(2, rel=0.02)


def test_the_page_s_table_says_why_they_have_no_rank(results: Results) -> None:
    cells = tabulate(results)
    everyone = entries(results.run, cells)
    found = {row.entry.name: row for row in table.rows(results, cells, everyone, Ratios(results, everyone))}
    web = found["web@attached"]
    assert web.values["rank"].text == "unranked"
    assert "ranks count fresh ones" in web.values["rank"].title
    assert "between this machine and 192.0.2.1" in web.values["p50"].title
    assert web.reason.startswith("attached at 192.0.2.1:9000; latencies are between this machine and 192.0.2.1")
    assert found["epoll"].values["rank"].text == "1"


def test_findings_speak_of_each_among_its_like(results: Results) -> None:
    cells = tabulate(results)
    everyone = entries(results.run, cells)
    said = [one.text for one in findings.findings(results, cells, everyone, Ratios(results, everyone))]
    assert any("epoll is the fastest" in text and "attached" not in text for text in said), said
    assert any(", attached: these servers have no rank" in text and "shop@attached" in text for text in said), said
    assert "the same processes in every block" in method.brief(results, cells)


def test_the_page_has_them(tmp_path: Path) -> None:
    page = rendered(folder(tmp_path, rows(), strategies=STRATEGIES))
    assert "It is attached: somebody else had started it, at <code>192.0.2.1:9000</code>" in page
    assert page.count("web@attached") > 3


def test_a_chart_says_why_they_aren_t_in_it(results: Results) -> None:
    cells = tabulate(results)
    ((_, selection),) = selections(results, cells, "closed")
    shown = cells[cells["server_cpu_us_per_request"].notna()]
    notes = selection.notes(shown, "server_cpu_us_per_request")
    assert "Not shown: web@attached, shop@attached (attached: not known)" in notes


def test_meanwhile_ratios_are_to_the_first_of_them(tmp_path: Path) -> None:
    at = folder(tmp_path, rows(), strategies=STRATEGIES) / "windows.jsonl"
    found = {one.name: one for one in SoFar(at, "epoll", attached=["web@attached", "shop@attached"]).of(0)}
    assert found["web@attached"].ratio == 1
    assert found["shop@attached"].ratio == pytest.approx(2, rel=0.02)
    assert found["select"].ratio == pytest.approx(0.7, rel=0.02)


def test_a_block_s_round_trip_is_its_own(tmp_path: Path) -> None:
    """The network may change: of blocks the median stands in cells.csv."""
    trips = [100.0, 300.0, 900.0]
    records = [window("web", **(MET["web"] | {"network_round_trip_us": us}), block=block)
               for block, us in enumerate(trips)]  # fmt: skip
    assert named(tabulate(results_of(tmp_path, records)))["web"]["network_round_trip_us"] == 300


def test_nothing_is_said_of_attached_servers_that_holds_for_fresh_ones_alone(tmp_path: Path) -> None:
    few = {"latencies": np.full(10, 4e5)}  # a doubt of each
    alone = folder(
        tmp_path / "alone", rows(THEIRS, **{name: MET[name] | few for name in THEIRS}), strategies=STRATEGIES
    )
    mixed = folder(tmp_path / "mixed", rows(), strategies=STRATEGIES)
    page, text = rendered(alone), " ".join(printed(alone).split())
    for untrue in (
        "fresh server processes. Every",
        "A block has fresh",
        "A server process lived",
        "all others stand still",
    ):
        assert untrue not in page.partition('id="words"')[0], untrue
    assert "doubtful, and so is its latency" in text
    assert "Server CPU per request holds" not in text
    assert "unranked where it is attached" in page
    both = rendered(mixed)
    assert "while all others of the run&#39;s own stand still; those that are attached don&#39;t" in both
    assert "each with fresh server processes" in both
