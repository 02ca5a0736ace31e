"""What a run with company shows, of made-up results whose truth is known: ratios, doubts, fan, heat map, page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.drawing import charts
from analysis.drawing.squares import heat, interval, said
from analysis.judging.cells import tabulate
from analysis.judging.crossovers import passings
from analysis.judging.unkindness import CPU, LONG, P99, unkindness
from analysis.records import reading as records
from analysis.records.reading import Results
from analysis.report import page
from analysis.stretch import stretch
from tests.support.made_up import CONFIG, failure, folder_of, histogram, window
from tests.support.sheets import assert_legible
from tests.support.sheets import said as said_by

BLOCKS, ROUNDS, REQUESTS = 6, 2, 2000
SIZES = (0, 100, 1000, 10_000)
CPU_US = {  # of a request, by the size of an idle company
    "select": [6.0, 6.6, 9.0, None],
    "poll": [6.0, 6.3, 9.0, 30.0],
    "epoll": [6.0, 6.0, 6.0, 6.0],
}
P99_MS = {"slow": {"epoll": (1.0, 1.0), "asyncio": (2.0, 8.0)}, "burst": {"epoll": (1.0, 5.0), "asyncio": (2.0, 2.0)}}


def told(name: str, kind: str, size: int, block: int, round_: int, **more: Any) -> dict[str, Any]:
    """A window of a cell that is compared along the size of its company; the machine moves all of a block."""
    moved = 1 + 0.05 * (block % 3) + 0.01 * round_
    latency_ns = more.pop("p99_ms", 1.0) * 1e6
    random = np.random.default_rng(block)
    there: dict[str, Any] = {}
    if size:
        there = {"company_open": size if kind not in ("burst", "churn") else 0, "company_s": 0.12,
                 "company_cpu_s": 0.001}  # fmt: skip
    return window(
        name, **{
            "along": "company_size", "company": kind, "company_size": size, "clients": 100, "block": block,
            "round": round_, "requests": REQUESTS, "replies": REQUESTS, "started_ns": 10**9 * block + size,
            "server_cpu_s": more.pop("cpu_us", 6.0) * REQUESTS * moved / 1e6, "loader_cpu_s": 0.06,
            "latencies": latency_ns * moved * random.uniform(0.9, 1.0, REQUESTS),
        } | there | more
    )  # fmt: skip


def everywhere() -> list[tuple[int, int]]:
    return [(block, round_) for block in range(BLOCKS) for round_ in range(ROUNDS)]


def results_of(folder: Path, rows: list[dict[str, Any]]) -> Results:
    names = dict.fromkeys(row["strategy"] for row in rows)
    known = {name: {"command": "x", "family": CONFIG.strategies[name].family, "place": CONFIG.place(name)}
             for name in names}  # fmt: skip
    return records.read(folder_of(folder, rows, strategies=known))


@pytest.fixture
def fanned(tmp_path: Path) -> Results:
    rows = [
        told(name, "idle", size, block, round_, cpu_us=cpu_us)
        for block, round_ in everywhere()
        for name, costs in CPU_US.items()
        for size, cpu_us in zip(SIZES, costs, strict=True)
        if cpu_us
    ]
    beside = {"along": "company_size", "company": "idle", "company_size": 10_000, "clients": 100}
    rows += [failure("select", status="failed", reason="has room for 1,019 only", block=block, **beside)
             for block in range(BLOCKS)]  # fmt: skip
    return results_of(tmp_path, rows)


@pytest.fixture
def unkind(tmp_path: Path) -> Results:
    return results_of(tmp_path, [
        told(name, kind, size, block, round_, p99_ms=p99_ms, **({"company_served_s": 0.25, "company_connects": 100,
             "company_connect_hdr": histogram(np.full(100, 2e6))} if (kind, size) == ("burst", 50) else {}))
        for block, round_ in everywhere()
        for kind, of in P99_MS.items()
        for name, both in of.items()
        for size, p99_ms in zip((0, 50), both, strict=True)
    ])  # fmt: skip


def at(cells: pd.DataFrame, strategy: str, size: int, kind: str = "idle") -> pd.Series:
    found = cells[(cells["strategy"] == strategy) & (cells["company_size"] == size) & (cells["company"] == kind)]
    (row,) = (row for _, row in found.iterrows())
    return row


def test_costs_are_held_against_the_neighbour_without_company(fanned: Results) -> None:
    """What moves all of a block is in no ratio, so that these have hardly an interval."""
    cells = tabulate(fanned)
    for name, costs in CPU_US.items():
        for size, cost in zip(SIZES, costs, strict=True):
            found = at(cells, name, size)
            if cost:
                assert found["server_cpu_ratio"] == pytest.approx(cost / 6.0)
                low, high = found["server_cpu_ratio_low"], found["server_cpu_ratio_high"]
                assert low == pytest.approx(high) == pytest.approx(cost / 6.0)
            else:
                assert (found["status"], found["reason"]) == ("failed", "has room for 1,019 only")


def test_waits_are_held_against_the_neighbour_without_company(unkind: Results) -> None:
    cells = tabulate(unkind)
    for kind, of in P99_MS.items():
        for name, (without, beside) in of.items():
            assert at(cells, name, 50, kind)["p99_ratio"] == pytest.approx(beside / without, rel=0.01)
            assert at(cells, name, 0, kind)["p99_ratio"] == pytest.approx(1)


def test_a_block_without_a_p99_leaves_no_ratio(tmp_path: Path) -> None:
    rows = [told("epoll", "slow", size, block, round_, latencies=np.full(20 if block == 2 else 2000, 1e6))
            for block, round_ in everywhere() for size in (0, 50)]  # fmt: skip
    assert pd.isna(at(tabulate(results_of(tmp_path, rows)), "epoll", 50, "slow")["p99_ratio"])


# --- doubts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "what", "code"),
    [
        ("idle", {"company_open": 49}, "company-left"),
        ("slow", {"company_open": 49}, "company-left"),
        ("churn", {"company_open": 0}, ""),  # they don't stay
        ("dribble", {"company_cpu_s": 0.012}, "company-took"),
        ("dribble", {"company_cpu_s": 0.006}, ""),
        ("chat", {"company_wrong": 1}, "wrong-replies"),
        ("slow", {"first_half": 700}, "drifting"),
        ("burst", {"first_half": 700}, ""),  # that is what it is for
    ],
)
def test_a_company_that_is_not_what_it_should_be_is_a_doubt(
    tmp_path: Path, kind: str, what: dict[str, Any], code: str
) -> None:
    usual = {"loader_wall_s": 0.13}
    rows = [told("epoll", kind, size, block, round_, **usual | (what if size else {}))
            for block, round_ in everywhere() for size in (0, 50)]  # fmt: skip
    cells = tabulate(results_of(tmp_path, rows))
    doubts = {doubt.kind.code for doubt in at(cells, "epoll", 50, kind)["doubts"]}
    without = {doubt.kind.code for doubt in at(cells, "epoll", 0, kind)["doubts"]}
    assert doubts - without == ({code} if code else set())


def test_a_company_slows_no_loader_down_that_is_on_other_hosts(tmp_path: Path) -> None:
    """It is on the run's own, and so nothing is taken from the time of workers elsewhere."""
    shares = []
    for elsewhere in (0, 1, 2):
        workers = {"workers": 2, "elsewhere": elsewhere, "busiest_share": 0.0}
        rows = [told("epoll", "dribble", size, block, round_, company_cpu_s=0.02, **workers)
                for block, round_ in everywhere() for size in (0, 50)]  # fmt: skip
        cell = at(tabulate(results_of(tmp_path / str(elsewhere), rows)), "epoll", 50, "dribble")
        took = "company-took" in {doubt.kind.code for doubt in cell["doubts"]}
        shares.append((took, cell["loader_cpu_share"]))
    assert [took for took, _ in shares] == [True, True, False]
    assert shares[0][1] == shares[1][1] > shares[2][1]


def test_a_company_with_cpus_of_its_own_slows_no_loader_down(tmp_path: Path) -> None:
    rows = [told("epoll", "dribble", size, block, round_, company_cpu_s=0.012)
            for block, round_ in everywhere() for size in (0, 50)]  # fmt: skip
    results = results_of(tmp_path, rows)
    cells = tabulate(results)
    assert "company-took" in {doubt.kind.code for doubt in at(cells, "epoll", 50, "dribble")["doubts"]}
    results.run["company_cpus"] = [7]
    doubts = at(tabulate(results), "epoll", 50, "dribble")["doubts"]
    assert "company-took" not in {doubt.kind.code for doubt in doubts}


# --- drawn and told -----------------------------------------------------------------------------------------------


def test_an_axis_may_begin_at_zero() -> None:
    found = stretch([0, 100, 1000, 10_000])
    places = [found.forward(value) for value in (0, 100, 1000, 10_000)]
    steps = np.diff(places)
    assert steps == pytest.approx([2.3] * 3, rel=0.06)
    assert found.back(found.forward(321.0)) == pytest.approx(321.0)
    assert found.aside(0, 0.01, (0, 10_000)) > 0 > found.aside(0, -0.01, (0, 10_000))
    assert [stretch(values).kind for values in ([0], [0, 50], [0, 2, 3], [1, 3], [1, 10])] == [
        "linear", "linear", "linear", "linear", "log",
    ]  # fmt: skip
    assert stretch([1, 2, 3, 10], in_steps=True).kind == "linear"


def test_the_fan_has_a_line_for_each_and_a_cross_where_one_ends(fanned: Results) -> None:
    drawn = dict(charts.figures(fanned, tabulate(fanned)))["fan"]
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["CPU time of a request", "memory of the server"]
    crosses = [line for line in drawn.axes[0].lines if line.get_marker() == "x" and len(line.get_xdata()) == 1]
    assert [float(line.get_xdata()[0]) for line in crosses] == [10_000]
    assert [float(line.get_ydata()[0]) for line in crosses] == [pytest.approx(9.0 * 1.055, rel=0.01)]
    words = said_by(drawn)
    assert "\N{MULTIPLICATION SIGN} 5.00" in words
    assert "select at 10,000 of them (failed: has room for 1,019 only)" in words
    assert_legible(drawn)


def test_a_single_size_is_no_fan(unkind: Results) -> None:
    assert not [name for name, _ in charts.figures(unkind, tabulate(unkind)) if name.startswith("fan")]


def test_no_crossover_lies_at_zero(fanned: Results) -> None:
    """Nor do logarithms of it: whoever passes whom does so among the sizes above."""
    assert all(min(one.values) > 0 for one in passings(fanned, tabulate(fanned)))


def test_the_heat_map_says_who_lets_whom_wait(unkind: Results) -> None:
    cells = tabulate(unkind)
    (found,) = unkindness(cells)
    assert found.kinds == [("slow", 50), ("burst", 50)]
    p99 = found.squares[P99]
    assert said(p99["asyncio", ("slow", 50)]).startswith("\N{MULTIPLICATION SIGN} 4.00")
    assert p99["asyncio", ("slow", 50)].is_shown
    assert heat(p99["asyncio", ("slow", 50)]) > heat(p99["epoll", ("slow", 50)]) == pytest.approx(0, abs=0.01)
    assert interval(p99["epoll", ("burst", 50)]) == "5.00 to 5.00"
    assert found.squares[CPU]["epoll", ("burst", 50)].ratio.value == pytest.approx(1)
    drawn = dict(charts.figures(unkind, cells))["unkindness"]
    assert len(drawn.axes[0].patches) == 4
    assert_legible(drawn)


def test_a_long_request_of_one_client_is_a_column_of_its_own(unkind: Results, tmp_path: Path) -> None:
    own = {"along": "handler_us", "handler": "blocks", "handler_of": "one", "company": "none", "company_size": 0}
    rows = [json.loads(line) for line in (unkind.folder / "windows.jsonl").read_text().splitlines()]
    rows += [
        told(name, "none", 0, block, round_, p99_ms=p99_ms, counted_s=1.0, **own, handler_us=handler_us)
        for block, round_ in everywhere()
        for name, both in {"epoll": (1.0, 100.0), "asyncio": (2.0, 2.0)}.items()
        for handler_us, p99_ms in zip((1, 100_000), both, strict=True)
    ]
    results = results_of(tmp_path / "long", rows)
    cells = tabulate(results)
    (found,) = unkindness(cells)
    assert found.kinds == [("slow", 50), ("burst", 50), (LONG, 100_000)]
    p99 = found.squares[P99]
    assert p99["epoll", (LONG, 100_000)].ratio.value == pytest.approx(100, rel=0.01)
    assert p99["asyncio", (LONG, 100_000)].ratio.value == pytest.approx(1, rel=0.01)
    assert p99["asyncio", ("slow", 50)].ratio.value == pytest.approx(4, rel=0.01)  # as without that column
    drawn = dict(charts.figures(results, cells))["unkindness"]
    assert len(drawn.axes[0].patches) == 6
    assert "a long request\n100 ms" in [text.get_text() for text in drawn.axes[0].get_xticklabels()]
    assert "a long request, 100 ms" in page.render(results, cells)


def test_a_long_handler_of_all_is_nobodys_unkindness(tmp_path: Path) -> None:
    own = {"along": "handler_us", "handler": "blocks", "company": "none", "company_size": 0}
    rows = [told("epoll", "none", 0, block, round_, **own, handler_us=handler_us)
            for block, round_ in everywhere() for handler_us in (1, 100_000)]  # fmt: skip
    assert list(unkindness(tabulate(results_of(tmp_path, rows)))) == []


def test_what_fails_or_leaves_clients_unserved_has_a_word_in_place_of_a_number(fanned: Results) -> None:
    (found,) = unkindness(tabulate(fanned))
    assert said(found.squares[P99]["select", ("idle", 10_000)]) == "failed"
    assert interval(found.squares[P99]["select", ("idle", 10_000)]) == ""


def test_a_doubt_on_either_side_marks_the_ratio(tmp_path: Path) -> None:
    """Of the neighbour without company, here: half of its windows' requests came late."""
    rows = [told("epoll", "slow", size, block, round_, **({"first_half": 700} if not size else {}))
            for block, round_ in everywhere() for size in (0, 50)]  # fmt: skip
    (found,) = unkindness(tabulate(results_of(tmp_path, rows)))
    assert said(found.squares[P99]["epoll", ("slow", 50)]).endswith("?")


def test_the_page_has_a_section_for_it(unkind: Results) -> None:
    html = page.render(unkind, tabulate(unkind))
    assert html.count('<a href="#company">') == 1
    section = html.partition('<section id="company"')[2].partition("</section>")[0]
    assert section.count("<table") == 3
    assert "all served in 250 ms, connect p99" in section
    assert "50 open" in section
    assert 'class="heat worse-' in section


def test_a_run_without_company_has_none_of_it(tmp_path: Path) -> None:
    rows = [window("epoll", clients=100, block=block, latencies=np.full(1100, 1e6)) for block in range(2)]
    results = results_of(tmp_path, rows)
    cells = tabulate(results)
    assert list(unkindness(cells)) == []
    assert not any(name.startswith(("unkindness", "fan")) for name, _ in charts.figures(results, cells))
    assert "#company" not in page.render(results, cells)
    assert cells["company_open"].isna().all()
