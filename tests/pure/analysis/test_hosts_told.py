"""What is said of a load that came from several hosts: who they were, how far away, and when one was lost."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import compare, hosts
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from tests.support.made_up import SETTINGS, failure, folder_of, ranked
from tests.support.pages import rendered
from tests.support.tabulated import printed

ONE, TWO = "vm", "vm-2"
FAR_S, NEAR_S = 0.0104, 14e-6
RATES = {"epoll": 1000.0, "select": 900.0}


def worker(name: str, last: int, share: float = 0.5, loop: str = "compiled") -> dict[str, Any]:
    return {"name": name, "address": f"192.0.2.{last}", "elsewhere": True, "host": "vm", "cpus": 2, "cpu": "C",
            "kernel": "6", "python": "3.12", "loop": loop, "share": share, "clock_uncertainty_s": 1e-5}  # fmt: skip


def trip(name: str, strategy: str, took_s: float) -> dict[str, Any]:
    return {"client_host": name, "strategy": strategy, "variant": "", "server_host": "192.0.2.1", "exchanges": 100,
            "least_s": took_s, "median_s": took_s * 1.01}  # fmt: skip


def run(at: Path, took_s: float = FAR_S, extra: Any = (), lost_from: int = 6, **more: Any) -> Path:
    """Six blocks with two workers, the second of which is lost before a block."""
    late = np.full(2000, took_s * 1.1e9)
    given = {
        name: {"latencies": late, "server_cpu_s": 0.001, "loader_cpu_s": 0.001, "counted_s": 1.0} for name in RATES
    }
    records = [
        record | {"workers": 2, "elsewhere": 2, "loaders": [ONE, TWO][: 1 + (record["block"] < lost_from)]}
        | {"started_ns": place}
        for place, record in enumerate(ranked(RATES, **given))
    ]  # fmt: skip
    told = {"loader_workers": [worker(ONE, 2), worker(TWO, 3)], "blocks": 6, "groups": [],
            "round_trips": [trip(name, one, took) for one in RATES for name, took in ((ONE, NEAR_S), (TWO, took_s))
                            ]}  # fmt: skip
    return folder_of(at, [*records, *extra], **told | more)


def cells(folder: Path) -> Any:
    return tabulate(read(folder)).set_index("strategy")


def test_hosts_of_one_name_are_told_apart_by_their_addresses(tmp_path: Path) -> None:
    cell = cells(run(tmp_path)).loc["epoll"]
    assert cell["latency_between"] == "vm (192.0.2.2), vm (192.0.2.3) and 192.0.2.1"
    assert cell["round_trip_from"] == "vm (192.0.2.3)"
    text = " ".join(printed(tmp_path, width=300).split())
    assert "vm (192.0.2.2) and 192.0.2.1 (a small exchange took 14.1 µs" in text


def test_a_cell_of_both_set_ups_is_doubtful_with_who_was_missing(tmp_path: Path) -> None:
    found = cells(run(tmp_path, lost_from=4))
    assert (
        "load from fewer hosts in some blocks (in 2 of 6 blocks without vm-2 (192.0.2.3))"
        in found.loc["epoll", "reason"]
    )
    assert found.loc["epoll", "rank"] == 1  # all of a group met the same hosts
    page, text = rendered(tmp_path), " ".join(printed(tmp_path, width=300).split())
    for said in (page, text):
        assert "rom block 5 of 6 on all clients were at vm (192.0.2.2), as the other workers were lost" in said
    assert not [
        doubt for doubt in cells(run(tmp_path / "whole")).loc["epoll", "doubts"] if doubt.kind.code == "load-moved"
    ]


def test_one_that_was_lost_before_a_cell_is_none_of_its_hosts(tmp_path: Path) -> None:
    cell = cells(run(tmp_path, lost_from=0)).loc["epoll"]
    assert cell["latency_between"] == "vm (192.0.2.2) and 192.0.2.1"
    assert cell["round_trip_us"] == pytest.approx(NEAR_S * 1.01e6)


def test_all_reasons_are_told_with_how_often_the_server_s_first(tmp_path: Path) -> None:
    late = [failure("epoll", status="failed", fault="loader", block=block, reason=f"vm began {30 + block} ms late")
            for block in range(2)]  # fmt: skip
    dead = [
        failure("epoll", status="failed", fault="server", block=block, reason="nobody answers") for block in range(5)
    ]
    reason = cells(run(tmp_path, extra=[*late, *dead])).loc["epoll", "status_reason"]
    assert reason == "nobody answers (5 times); vm began 30 ms late (2 times)"


def test_the_way_limits_where_it_is_half_of_a_request_and_nobody_is_busy(tmp_path: Path) -> None:
    trips = [trip(name, one, FAR_S) for one in RATES for name in (ONE, TWO)]
    assert cells(run(tmp_path / "a", round_trips=trips)).loc["epoll", "limited_by"] == "round-trip"
    near = [trip(name, one, FAR_S / 3) for one in RATES for name in (ONE, TWO)]
    assert cells(run(tmp_path / "b", round_trips=near)).loc["epoll", "limited_by"] == "server"
    slow = [trip(name, one, FAR_S if one == "epoll" else FAR_S / 3) for one in RATES for name in (ONE, TWO)]
    assert cells(run(tmp_path / "c", round_trips=slow)).loc["epoll", "limited_by"] == "server"  # it, not the way


@pytest.mark.parametrize(("trip_us", "limit"), [(9_950.0, "round-trip"), (5_000.0, "server or network")])
def test_an_attached_server_at_which_hardly_a_request_is_doesn_t_limit(
    tmp_path: Path, trip_us: float, limit: str
) -> None:
    met = {"variant": "attached", "server_cpu_s": None, "network_round_trip_us": trip_us, "counted_s": 1.0,
           "latencies": np.full(2000, 1e7), "loader_cpu_s": 0.001}  # fmt: skip
    folder = folder_of(tmp_path, ranked({"web": 1000.0}, web=met))
    assert cells(folder).loc["web", "limited_by"] == limit


def test_a_p99_that_is_mostly_the_way_is_said_to_be(tmp_path: Path) -> None:
    page = rendered(run(tmp_path))
    assert "10.4 ms of it the way from vm (192.0.2.3)" in page
    assert (
        "where a small exchange takes 10.5 ms from vm (192.0.2.3), the farthest, and 14.1 µs from the nearest" in page
    )


def test_a_worker_with_the_slow_loop_is_named(tmp_path: Path) -> None:
    results: Results = read(run(tmp_path, loader_workers=[worker(ONE, 2), worker(TWO, 3, loop="python")]))
    assert hosts.notes(results) == [
        "the hot loop of vm-2 (192.0.2.3) is Python's, which is slower than the compiled one"
    ]  # fmt: skip
    assert "to whole clients" in hosts.workers(results.run)


def test_loads_that_came_from_elsewhere_are_told_and_decide_nothing(tmp_path: Path) -> None:
    a = run(tmp_path / "a", run_id="a", loader_workers=[worker(ONE, 2, 1.0)])
    b = run(tmp_path / "b", run_id="b")
    found = compare.compare(str(a), str(b), SETTINGS["gate"])
    notes = [note["seen"] for note in found.results.run["notes"]]
    assert "A: load from vm (192.0.2.2), 1 worker" in notes
    assert "B: load from vm (192.0.2.2) (50%) and vm (192.0.2.3) (50%), 2 workers" in notes
    rates = [row for row in found.rows if row.metric.name == "throughput"]
    assert {row.outcome for row in rates} == {"doubtful"}
    described = json.loads((b / "run.json").read_text())
    (a / "run.json").write_text(json.dumps(described | {"run_id": "a"}))
    same = compare.compare(str(a), str(b), SETTINGS["gate"])
    assert "doubtful" not in {row.outcome for row in same.rows if row.metric.name == "throughput"}
