"""The page's table: what limits with its evidence, who is unranked and why, one form of interval."""

import re
from pathlib import Path

import pandas as pd
import pytest

from analysis import doubts
from analysis.doubts import Doubt
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from analysis.report import findings, page, sweeps, table
from analysis.report.entries import FEW, MOST, Entry, entries
from analysis.report.ratios import Ratios
from tests.support.made_up import MadeUp
from tests.support.pages import rendered, rendered_as

LIMITED = Doubt(doubts.LOADER_LIMITED, "slowing the loader lowered the rate by 20 to 40 %")
DRIFTS = Doubt(doubts.DRIFTING, "second half +11 %")
MANY = {f"way{family}-{member}": 9e4 - 2e3 * family - 500 * member for family in range(14) for member in range(3)}
FAMILIES = {name: name.split("-")[0] for name in MANY}


def tabulated(folder: Path) -> tuple[Results, pd.DataFrame, list[Entry], Ratios]:
    run = MadeUp(capacity={"epoll": 1e5, "poll": 6e4, "select": 3e4}, groups=[(100, 64)], blocks=4, rounds=1)
    results = read(run.write(folder))
    cells = tabulate(results)
    everyone = entries(results.run, cells)
    return results, cells, everyone, Ratios(results, everyone)


def doubted(cells: pd.DataFrame, strategy: str, doubt: Doubt, **more: object) -> pd.DataFrame:
    """The same cells, one of them with a doubt."""
    place = cells.index[cells["strategy"] == strategy][0]
    cells = cells.copy()
    cells["doubts"] = [(*kinds, doubt) if at == place else kinds for at, kinds in cells["doubts"].items()]
    for name, value in more.items():
        cells.loc[place, name] = value  # type: ignore[call-overload]
    return cells


def test_who_has_no_rank_says_so_and_why(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    cells = doubted(cells, "epoll", LIMITED, rank=None, limited_by="loader")
    rows = {row.entry.name: row for row in table.rows(results, cells, everyone, ratios)}
    assert rows["epoll"].values["rank"] == ("unranked", "", str(LIMITED))
    assert rows["poll"].values["rank"].text.isdigit()


def test_a_doubt_of_the_rate_alone_leaves_the_rank(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    rows = {row.entry.name: row for row in table.rows(results, doubted(cells, "poll", DRIFTS), everyone, ratios)}
    assert rows["poll"].values["rate"].text.endswith(" ?")
    assert rows["poll"].values["rank"].text.isdigit()
    assert not rows["poll"].values["ratio"].text.endswith("?")


def test_a_shared_rank_has_its_sign(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    texts = [row.values["rank"].text for row in table.rows(results, cells.assign(rank=1), everyone, ratios)]
    assert texts == ["=1"] * 3


def test_every_ratio_to_a_doubtful_reference_is_marked(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    cells = doubted(cells, "epoll", LIMITED)
    rows = table.rows(results, cells, everyone, ratios)
    assert all(row.values["ratio"].text.endswith(" ?") for row in rows)
    assert [bool(row.ratio_doubts) for row in rows] == [row.entry.name == "epoll" for row in rows]
    assert {row.entry.name: row.of_reference for row in rows} == {
        "epoll": "", "poll": str(LIMITED), "select": str(LIMITED)
    }  # fmt: skip
    told = [row for sweep in sweeps.sweeps(results, cells, everyone, ratios) for chart in sweep.charts
            if chart.figure.column == "ratio" for row in chart.spec["datasets"]["rows"]]  # fmt: skip
    assert all(row["h"] for row in told)
    assert {row["s"] for row in told if row["oh"]} == {"epoll"}
    assert next(row for row in told if row["s"] == "poll")["d"] == f"of the reference: {LIMITED}"


def test_the_reason_of_a_doubtful_reference_stands_below_every_row_that_it_marks(tmp_path: Path) -> None:
    results, cells, *_ = tabulated(tmp_path)
    text = rendered_as(results, doubted(cells, "epoll", LIMITED))
    rows = re.findall(r"<tbody data-entry=.*?</tbody>", text, re.DOTALL)
    said = [f"ratio: the reference, epoll, is doubtful: {LIMITED}" in row for row in rows]
    assert [("epoll" in re.findall("<bdi>(.*?)</bdi>", row), said) for row, said in zip(rows, said, strict=True)] == [
        (True, False), (False, True), (False, True)
    ]  # fmt: skip


def test_intervals_have_one_form_and_figures_say_theirs(tmp_path: Path) -> None:
    page_ = rendered(MadeUp(groups=[(100, 64)], blocks=4, rounds=1).write(tmp_path))
    rates = re.findall(r'of-rate">([^<]*)<', page_)
    assert rates
    assert all(re.fullmatch(r"[\d.,kM]+ \([\d.,kM]+\N{EN DASH}[\d.,kM]+\)( \?)?", rate) for rate in rates)
    assert re.search(r'of-p99" title="95 % interval: [\d.]+ .s to [\d.]+ .s; of [\d,]+ requests"', page_)


def test_shares_of_cpu_stand_beside_what_limits(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    cells = cells.assign(server_cpu_share=0.97, loader_cpu_share=0.905)
    (row, *_) = table.rows(results, cells, everyone, ratios)
    assert (row.values["server"].text, row.values["loader"].text) == ("97 %", "90 %")


def test_a_tooltip_tells_only_what_a_row_has(tmp_path: Path) -> None:
    for sweep in sweeps.sweeps(*tabulated(tmp_path)):
        for chart in sweep.charts:
            (points,) = [layer for layer in chart.spec["layer"] if "tooltip" in layer["encoding"]]
            fields = [told["field"] for told in points["encoding"]["tooltip"]]
            assert all(row.keys() >= set(fields) for row in chart.spec["datasets"]["rows"]), chart.figure.column


def test_a_figure_and_the_two_intervals_around_it_are_told_apart(tmp_path: Path) -> None:
    (rate, *_) = next(sweeps.sweeps(*tabulated(tmp_path))).charts
    row = rate.spec["datasets"]["rows"][0]
    assert row["f"] == f"{row['v']} ({row['e']})"
    assert row["b"] != row["e"]


def test_bars_that_are_cut_have_an_arrow() -> None:
    cut = sweeps._trimmed({"y": 10.0, "low": 1.0, "high": 90.0}, 8.0, 12.0)
    assert (cut["low"], cut["high"], cut["cut"]) == (4.0, 24.0, "low high")
    assert "cut" not in sweeps._trimmed({"y": 10.0, "low": 8.0, "high": 12.0}, 8.0, 12.0)


def test_a_chart_of_memory_has_no_empty_places(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    more = pd.concat([cells.assign(clients=clients) for clients in (1, 10, 100, 500)], ignore_index=True)
    more["memory_per_connection_kib"] = more["clients"].map({100: 2.0, 500: 3.0})
    charts = {chart.figure.kind: chart for sweep in sweeps.sweeps(results, more, everyone, ratios)
              if sweep.is_along for chart in sweep.charts}  # fmt: skip
    x = charts["memory"].spec["layer"][0]["encoding"]["x"]
    assert x["axis"]["values"] == [100, 500]
    assert x["scale"]["domain"][0] > 50


def test_the_first_finding_names_all_who_share_the_rank(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    cells = cells.assign(rank=[1, 1, 3])
    text = findings.findings(results, cells, everyone, ratios)[0].text
    who, _, rates = text.partition(" share the first rank, as no order of them was shown: ")
    assert re.search(r"64 B, \w+ and \w+$", who)
    assert re.match(r"[\d.]+k to [\d.]+k requests a second\.", rates)


def test_what_the_machine_did_is_an_estimate(tmp_path: Path) -> None:
    results, cells, everyone, ratios = tabulated(tmp_path)
    told = [found for found in findings.findings(results, cells, everyone, ratios) if "machine moved" in found.text]
    assert [found.error for found in told] == [findings.MOVED]


def test_of_many_strategies_some_of_each_family_are_shown_at_first(tmp_path: Path) -> None:
    run = MadeUp(capacity=MANY, families=FAMILIES, groups=[(100, 64)], blocks=2, rounds=1)
    results = read(run.write(tmp_path))
    chosen = [entry for entry in entries(results.run, tabulate(results)) if entry.is_chosen]
    assert FEW <= len(chosen) <= MOST
    assert {entry.family for entry in chosen} == set(FAMILIES.values())


def test_few_strategies_are_all_shown(tmp_path: Path) -> None:
    *_, everyone, _ratios = tabulated(tmp_path)
    assert all(entry.is_chosen for entry in everyone)


def test_pictures_take_no_more_than_a_page_has_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = MadeUp(capacity={"epoll": 1e5, "poll": 9e4}, groups=[(10, 64)], blocks=2, rounds=1).write(tmp_path)
    whole = rendered(folder, with_pictures=True)
    room = len(whole.encode()) - 20_000
    monkeypatch.setattr(page, "MOST_BYTES", room)
    less = rendered(folder, with_pictures=True)
    assert len(less.encode()) <= room
    assert 0 <= less.count("<img") < whole.count("<img")
