"""The charts: complete, legible, truthful about what is missing, the same bytes each time."""

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from analysis.drawing import looks as style
from analysis.drawing.ceiling import WORDS
from analysis.drawing.charts import draw, figures
from analysis.drawing.line_ends import spaced
from analysis.drawing.sheet import TIMES, save
from analysis.judging.cells import tabulate
from analysis.records.reading import Results, read
from harness.notes import Note
from tests.support.made_up import CAPACITY, DEFAULT_GROUPS, MadeUp, at_rate, failure, folder_of, window
from tests.support.sheets import assert_legible, chart_of, said, words

NAMES = [
    "throughput_vs_clients",
    "latency_vs_clients",
    "throughput_vs_size",
    "latency_distribution",
    "cpu_per_request",
]
QUIET = {"window_noise": 0.02, "rounds": 1}


def look(strategy: str, variant: str = "") -> style.Look:
    """That of a strategy in a run of all."""
    return style.look(MadeUp().run(), strategy, variant)


def worked_out(folder: Path) -> tuple[Results, pd.DataFrame]:
    """A run and its cells, as the charts take them."""
    results = read(folder)
    return results, tabulate(results)


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figure]:
    """The charts of a run of 14 strategies, one of them skipped, with the default matrix."""
    made = MadeUp(groups=DEFAULT_GROUPS, blocks=3, rounds=1, skipped={"gevent": "gevent is not installed"})
    return dict(figures(*worked_out(made.write(tmp_path_factory.mktemp("default")))))


@pytest.mark.parametrize("name", NAMES)
def test_fourteen_strategies_are_legible(default: dict[str, Figure], name: str) -> None:
    assert_legible(default[name])


def fifty(folder: Path, counts: tuple[int, ...]) -> dict[str, Figure]:
    """The charts of a run of fifty strategies in five families."""
    families = {f"family-{at % 5}-{at}": f"family-{at % 5}" for at in range(50)}
    capacity = {name: 20_000.0 + 1000 * at for at, name in enumerate(families)}
    made = MadeUp(capacity=capacity, families=families, groups=[(count, 64) for count in counts], blocks=2, **QUIET)
    return dict(figures(*worked_out(made.write(folder))))


@pytest.mark.parametrize("counts", [(1, 10, 100), (100,)])
def test_fifty_strategies_are_legible(tmp_path: Path, counts: tuple[int, ...]) -> None:
    """Where a slide has no room for so many names, the sheet is taller."""
    for chart in fifty(tmp_path, counts).values():
        assert_legible(chart)
        names = [text for text in words(chart) if text.get_text().count("-") == 2 and "family" in text.get_text()]
        assert len({text.get_text() for text in names}) == 50
        assert min(text.get_fontsize() for text in names) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_says_what_where_and_how(default: dict[str, Figure], name: str) -> None:
    text = said(default[name])
    where = ["AMD EPYC", "kernel 6.18", "Python 3.11.7", "2026-11-22", "20261122-203000-default", "loopback"]
    missing = "gevent (skipped: gevent is not installed)"
    for part in ("service echo", *where, "3 blocks", missing, "listing of the chapter"):
        assert part in text
    for strategy in CAPACITY:
        assert strategy in text


def test_starved_clients_are_visible(default: dict[str, Figure]) -> None:
    text = said(default["throughput_vs_clients"])
    assert "1 of 10 served" in text
    assert "blocking, socketserver:\n1 of 10 served" in text  # where there is room for two lines
    assert "hollow" in text
    axes = default["throughput_vs_clients"].axes[0]
    grey = look("blocking").colour
    points = [line for line in axes.get_lines() if line.get_marker() == "o" and line.get_markeredgecolor() == grey]
    low = [line.get_markerfacecolor() for line in points]
    assert low.count("white") == 4  # at 10, 100 and 500 clients, and beside its name


def test_how_many_were_served_stands_below_what_is_drawn_there_and_within_the_axes(tmp_path: Path) -> None:
    made = [window(name, block=block, clients=clients, group=clients, requests=requests, unanswered=unanswered)
            for block in range(2) for clients in (9, 90)
            for name, requests, unanswered in (("served", 1000, 0), ("blocking", 2000, clients - 1))]  # fmt: skip
    results, cells = worked_out(folder_of(tmp_path, made))
    chart = chart_of("throughput_vs_clients", results, cells)
    chart.draw_without_rendering()
    (axes,) = chart.axes
    inside = axes.get_window_extent()
    for clients in (9, 90):
        (text,) = (text for text in axes.texts if text.get_text() == f"blocking:\n1 of {clients} served")
        box = text.get_window_extent()
        lowest = cells.loc[(cells["strategy"] == "served") & (cells["clients"] == clients), "throughput_rps"].item()
        assert box.y1 < axes.transData.transform((clients, lowest))[1]
        assert inside.x0 - 1 < box.x0 < box.x1 < inside.x1 + 1


def test_how_many_were_served_stands_below_the_lowest_latency_too(tmp_path: Path) -> None:
    """A strategy with one client served at a time is the fastest one: at the bottom of the chart."""
    made = [
        window(name, block=block, clients=clients, group=clients, unanswered=unanswered, latencies=[latency_ns] * 1000)
        for block in range(2)
        for clients in (10, 100)
        for name, latency_ns, unanswered in (("epoll", clients * 60_000, 0), ("blocking", 60_000, clients - 1))
    ]
    chart = chart_of("latency_vs_clients", *worked_out(folder_of(tmp_path, made)))
    chart.draw_without_rendering()
    for axes in chart.axes:
        told = [text for text in axes.texts if text.get_text().endswith("served")]
        assert len(told) == 2
        for text in told:
            box = text.get_window_extent()
            assert axes.get_window_extent().y0 < box.y0 < box.y1 < axes.transData.transform(text.xy)[1]


@pytest.mark.parametrize("names", [("asyncio-protocol", "asyncio-buffered"), ("one", "two", "three")])
def test_where_names_have_no_room_it_is_still_told_how_many_were_served(tmp_path: Path, names: tuple[str, ...]) -> None:
    made = [
        window(name, block=block, clients=clients, group=clients, requests=1000, unanswered=clients - 1)
        for block in range(2) for clients in (1, 10, 100, 500) for name in names
    ]  # fmt: skip
    chart = chart_of("throughput_vs_clients", *worked_out(folder_of(tmp_path, made)))
    assert_legible(chart)
    for clients in (10, 100, 500):
        assert f"1 of {clients}" in said(chart)


def test_the_foot_has_the_rounds_of_each_block(tmp_path: Path) -> None:
    """Where blocks took longer than planned, later ones have fewer."""
    made = [window(name, block=block, round=round_, requests_per_connection=per_connection)
            for per_connection in (None, 1) for name in ("epoll", "poll")
            for block, rounds in enumerate((3, 1, 1)) for round_ in range(rounds)]  # fmt: skip
    for _, chart in figures(*worked_out(folder_of(tmp_path, made))):
        assert f"3 blocks {TIMES} 1 to 3 rounds" in said(chart)


def test_ticks_stand_at_the_measured_counts(default: dict[str, Figure]) -> None:
    assert list(default["throughput_vs_clients"].axes[0].get_xticks()) == [1, 10, 100, 500]
    assert list(default["throughput_vs_size"].axes[0].get_xticks()) == [64, 1024, 16384]


def test_files_are_written_in_both_formats(tmp_path: Path) -> None:
    groups = [(1, 64), (9, 64)]
    made = MadeUp(capacity={"epoll": 1e5, "select": 9e4}, groups=groups, blocks=2, **QUIET).write(tmp_path)
    paths = draw(*worked_out(made))
    names = set(NAMES) - {"throughput_vs_size"}  # there is one size, and throughput_vs_clients shows it
    assert sorted(path.name for path in paths) == sorted(f"{name}{end}" for name in names for end in (".png", ".svg"))
    assert sorted((made / "charts").iterdir()) == sorted(paths)
    for path in paths:
        if path.suffix == ".svg":
            ElementTree.parse(path)
        else:
            with Image.open(path) as image:
                assert image.width >= 1900
                assert image.info["dpi"][0] >= 150


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 1e5}, groups=[(9, 64)], blocks=2, **QUIET).write(tmp_path)
    once, again = ([path.read_bytes() for path in save(first_of(made), tmp_path / name)] for name in ("a", "b"))
    assert once == again


def first_of(made: Path) -> Figure:
    return next(figure for _, figure in figures(*worked_out(made)))


def test_one_point_becomes_sorted_rows(tmp_path: Path) -> None:
    made = dict(figures(*worked_out(MadeUp(groups=[(100, 64)], blocks=4, **QUIET).write(tmp_path))))
    assert set(made) == set(NAMES) - {"throughput_vs_size"}
    for chart in made.values():
        assert_legible(chart)
    axes = made["throughput_vs_clients"].axes[0]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows[-1] == "epoll"
    assert rows[0] == "socketserver"
    assert "1 of 100 clients served" in said(made["throughput_vs_clients"])


def test_further_services_and_sweeps_have_charts_of_their_own(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 1e5}, services=("echo", "greet"), groups=[(1, 64), (9, 64), (9, 1024), (1, 1024)],
                  blocks=2, **QUIET)  # fmt: skip
    names = {name for name, _ in figures(*worked_out(made.write(tmp_path)))}
    assert {"throughput_vs_clients", "throughput_vs_clients-1KiB", "throughput_vs_clients-greet"} <= names
    assert {"throughput_vs_size", "throughput_vs_size-1client", "cpu_per_request-greet"} <= names


def test_strange_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    strange = 'a<b>&$x$ "_^{'
    capacity = {strange: 1e5, "epoll": 9e4}
    chart = first_of(MadeUp(capacity=capacity, groups=[(9, 64)], blocks=2, **QUIET).write(tmp_path))
    assert strange in said(chart)
    ElementTree.parse(save(chart, tmp_path / "chart")[1])


def test_one_block_of_an_interrupted_run_is_drawn_and_says_so(tmp_path: Path) -> None:
    few = {name: CAPACITY[name] for name in ("blocking", "epoll", "twisted")}
    made = MadeUp(capacity=few, groups=[(1, 64), (100, 64)], blocks=1, **QUIET).write(tmp_path)
    run = json.loads((made / "run.json").read_text()) | {
        "outcome": "interrupted",
        "notes": [asdict(Note("odd", "a test of function"))],
    }
    (made / "run.json").write_text(json.dumps(run))
    chart = chart_of("throughput_vs_clients", *worked_out(made))
    for part in ("INCOMPLETE RUN (interrupted)", "they need two blocks", "a test of function"):
        assert part in said(chart)
    assert_legible(chart)


def test_unanswered_strategies_and_wide_ranges(tmp_path: Path) -> None:
    """A server that never answers, one that fails half-way, one a thousand times slower than another."""
    made = MadeUp(capacity={}, groups=()).write(tmp_path)
    records = [failure("dies", block=1, clients=1, status="failed", reason="died of signal 9")]
    for block, (group, clients) in itertools.product(range(2), enumerate((1, 100))):
        place = {"block": block, "group": group, "clients": clients}
        records += [
            window("silent", requests=0, replies=0, unanswered=clients, censored=clients, **place),
            window("fast", requests=10_000, latencies=np.full(10_000, 1e6), **place),
            window("slow", requests=10, latencies=np.full(10, 1e8), **place),
            window("dies", requests=500, latencies=np.full(500, 1e7), **place),
        ]
    (made / "windows.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    drawn = dict(figures(*worked_out(made)))
    assert drawn["throughput_vs_clients"].axes[0].get_yscale() == "log"
    assert "Failed in some blocks: dies" in said(drawn["throughput_vs_clients"])
    for chart in drawn.values():
        assert_legible(chart)


def test_nothing_measured_draws_nothing(tmp_path: Path) -> None:
    made = MadeUp(capacity={}, groups=()).write(tmp_path)
    (made / "windows.jsonl").write_text(json.dumps(failure("uvloop")) + "\n")
    assert draw(*worked_out(made)) == []


def test_every_strategy_has_a_look_of_its_own() -> None:
    looks = [look(name) for name in CAPACITY]
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == len(CAPACITY)
    assert look("mine") == look("mine")
    assert look("epoll", "3.14").colour == look("epoll").colour
    assert style.dash(True) != style.dash(False)


def test_labels_are_moved_as_little_as_needed() -> None:
    assert spaced([0.1, 0.5, 0.9], 0.1, 0, 1) == pytest.approx([0.1, 0.5, 0.9])
    assert spaced([0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.45, 0.55])
    assert spaced([1.0, 0.99, 0.2], 0.1, 0, 1) == pytest.approx([1.0, 0.9, 0.2])
    assert spaced([0.3] * 5, 0.5, 0, 1) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert len(spaced([], 0.1, 0, 1)) == 0


def test_many_strategies_at_many_counts_with_much_to_say_are_legible(tmp_path: Path) -> None:
    capacity = dict(CAPACITY) | {"a-server-with-a-long-name": 33e3, "caddy": 61e3, "forking": 900.0, "threading": 1e3}
    counts = (1, 10, 100, 300, 500)
    skipped = {name: f"{name} is not installed: No module named '{name}'" for name in ("gevent", "uvloop")}
    made = MadeUp(capacity=capacity, groups=[(count, 64) for count in counts], blocks=2, skipped=skipped,
                  unchecked={"poll": "half-close lost 3 bytes"}, **QUIET).write(tmp_path)  # fmt: skip
    drawn = dict(figures(*worked_out(made)))
    assert "Failed the conformance check: poll" in said(drawn["throughput_vs_clients"])
    for chart in drawn.values():
        assert_legible(chart)


def faces(chart: Figure, strategy: str) -> list[object]:
    """The fill of each marker of a strategy that `folder_of` names no family of; there is one at least."""
    own = style.look({}, strategy)
    lines = [line for axes in chart.axes for line in axes.get_lines()]
    found = [line.get_markerfacecolor() for line in lines
             if line.get_marker() == own.marker and own.colour in (line.get_color(), line.get_markeredgecolor(),
                                                                    line.get_markerfacecolor())]  # fmt: skip
    assert found, strategy
    return found


def test_doubtful_cells_are_hollow_and_named(tmp_path: Path) -> None:
    made = [window(name, block=block, clients=clients, group=clients, loader_cpu_s=busy, requests=requests,
                   latencies=np.full(2000, 1e6))
            for block in (0, 1) for clients in (10, 100)
            for name, busy, requests in (("epoll", 0.12, 100 * clients), ("select", 0.05, 90 * clients))]  # fmt: skip
    drawn = dict(figures(*worked_out(folder_of(tmp_path, made))))
    chart = drawn["throughput_vs_clients"]
    assert set(faces(chart, "epoll")) == {"white"}
    assert "white" not in faces(chart, "select")
    assert "hollow: doubtful" in said(chart)
    assert "May be loader-limited: epoll" in said(chart)
    assert "hollow" not in said(drawn["cpu_per_request"])  # what the loader limits costs as much CPU all the same
    for chart in drawn.values():
        assert_legible(chart)


@pytest.mark.parametrize(("rate", "shown"), [(115_000.0, True), (400_000.0, False)])
@pytest.mark.parametrize("counts", [(1, 100), (100,)])
def test_the_loader_s_ceiling_is_drawn_where_it_is_near(
    tmp_path: Path, rate: float, shown: bool, counts: tuple[int, ...]
) -> None:
    made = MadeUp(capacity={"epoll": 1e5, "select": 9e4}, groups=[(count, 64) for count in counts], blocks=3,
                  ceiling=dict.fromkeys(counts, rate), **QUIET).write(tmp_path)  # fmt: skip
    chart = chart_of("throughput_vs_clients", *worked_out(made))
    assert (WORDS in said(chart)) == shown
    assert_legible(chart)


def test_what_the_loader_reaches_at_least_is_not_drawn_as_its_ceiling(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 1e5}, groups=[(1, 64), (100, 64)], blocks=2, ceiling={1: 95_000.0}, **QUIET)
    folder = made.write(tmp_path)
    run = json.loads((folder / "run.json").read_text())
    for bound in (False, True):
        run["loader_ceiling"][0]["lower_bound"] = bound
        (folder / "run.json").write_text(json.dumps(run))
        assert (WORDS in said(chart_of("throughput_vs_clients", *worked_out(folder)))) != bound


def test_a_note_says_where_it_holds_and_counts_cells(tmp_path: Path) -> None:
    """A doubt of each strategy in some cell is not one of all cells."""
    busy = {("epoll", 10), ("select", 100), ("poll", 100)}
    made = [window(name, block=block, clients=clients, group=clients, latencies=np.full(2000, 1e6),
                   loader_cpu_s=0.12 if (name, clients) in busy else 0.05)
            for block in (0, 1) for clients in (10, 100) for name in ("epoll", "select", "poll")]  # fmt: skip
    chart = chart_of("throughput_vs_clients", *worked_out(folder_of(tmp_path, made)))
    assert "May be loader-limited: epoll at 10 clients; select, poll at 100 clients" in said(chart)
    everywhere = [line | {"loader_cpu_s": 0.12} for line in made]
    chart = chart_of("throughput_vs_clients", *worked_out(folder_of(tmp_path, everywhere)))
    assert "May be loader-limited: all" in said(chart)


def open_runs(rates: tuple[float, ...] = (2000, 4000, 6000)) -> list[dict[str, object]]:
    records = []
    for group, rate in enumerate(rates):
        for block in range(3):
            for name, capacity in (("epoll", 5500.0), ("threading", 4500.0), ("twisted", 1e6)):
                achieved = min(rate, capacity)
                slow = 1e5 / (1 - min(0.99, achieved / capacity))
                tail = np.random.default_rng(block).lognormal(np.log(slow), 0.5, round(achieved * 2))
                records.append(at_rate(name, rate, achieved=achieved, block=block, group=group, clients=100,
                                       latencies=tail, unfinished=0))  # fmt: skip
    return records


def test_latency_over_the_rate_is_drawn_at_what_was_achieved(tmp_path: Path) -> None:
    named = {name: {"family": "other"} for name in ("epoll", "threading", "twisted")}
    results, *more = worked_out(folder_of(tmp_path, open_runs(), strategies=named))
    drawn = dict(figures(results, *more))
    assert set(drawn) == {"latency_vs_rate", "cost_and_latency"}
    chart = drawn["latency_vs_rate"]
    assert_legible(chart)
    (line,) = [line for line in chart.axes[0].get_lines()
               if line.get_color() == style.look(results.run, "threading").colour and len(line.get_xdata()) == 3
               and line.get_transform() == chart.axes[0].transData]  # fmt: skip
    assert list(line.get_xdata()) == pytest.approx([2000, 4000, 4500])
    ticks = [line.get_xdata()[0] for line in chart.axes[0].get_lines() if line.get_marker() == "|"]
    assert sorted(ticks) == pytest.approx([6000, 6000])  # offered to two that could not


def test_a_run_of_both_loads_has_both_kinds_of_charts(tmp_path: Path) -> None:
    closed = [window(name, block=block, clients=100, group=9, requests=10_000, latencies=np.full(2000, 1e6))
              for block in (0, 1) for name in ("epoll", "threading")]  # fmt: skip
    drawn = dict(figures(*worked_out(folder_of(tmp_path, closed + open_runs((2000,))))))
    assert set(drawn) == set(NAMES) - {"throughput_vs_size"} | {"latency_vs_rate", "cost_and_latency"}
    assert "twisted" not in said(drawn["throughput_vs_clients"])  # it has open cells only


@pytest.mark.parametrize("counts", [(100,), (10, 100)])
def test_the_knee_has_a_chart(tmp_path: Path, counts: tuple[int, ...]) -> None:
    made = [at_rate(name, rate * (1 + block / 100), load="knee", phase="found", block=block, clients=count,
                    group=count, latencies=np.full(20_000, 5e6))
            for block in range(3) for count in counts
            for name, rate in (("epoll", 60_000), ("twisted", 30_000))]  # fmt: skip
    drawn = dict(figures(*worked_out(folder_of(tmp_path, made))))
    assert set(drawn) == {"knee"}
    assert_legible(drawn["knee"])
    assert "60.6k" in said(drawn["knee"])
    assert "p99 5.00 ms" in said(drawn["knee"])
    assert "under 10 ms" in said(drawn["knee"])


def test_an_interval_that_runs_off_has_a_sign(tmp_path: Path) -> None:
    wild = {0: 10_000, 1: 40_000, 2: 15_000}
    made = [window(name, block=block, clients=100, requests=wild[block] if name == "wild" else 20_000 + block,
                   latencies=np.full(2000, 1e6)) for block in wild
            for name in ("epoll", "poll", "select", "uvloop", "gevent", "twisted", "wild")]  # fmt: skip
    chart = first_of(folder_of(tmp_path, made))
    axes = chart.axes[0]
    signs = [line.get_xdata()[0] for line in axes.get_lines()
             if line.get_marker() == ">" and not line.get_clip_on()]  # fmt: skip
    assert signs == [pytest.approx(axes.get_xlim()[1])]
    assert_legible(chart)
