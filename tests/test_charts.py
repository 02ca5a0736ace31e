"""The charts: complete, legible, truthful about what is missing, the same bytes each time."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from made_up import CAPACITY, DEFAULT_GROUPS, MadeUp, failure, window
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from analysis import style
from analysis.charts import draw, figures
from analysis.labels import spaced
from analysis.load import load
from analysis.sheet import save

NAMES = [
    "throughput_vs_clients",
    "latency_vs_clients",
    "throughput_vs_size",
    "latency_distribution",
    "cpu_per_request",
]
QUIET = {"window_noise": 0.02, "rounds": 1}


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Figure]:
    """The charts of a run of 14 strategies, one of them skipped, with the default matrix."""
    made = MadeUp(groups=DEFAULT_GROUPS, blocks=3, rounds=1, skipped={"gevent": "gevent is not installed"})
    return dict(figures(load(made.write(tmp_path_factory.mktemp("default")))))


def words(figure: Figure) -> list[Text]:
    """What can be read on the sheet; ticks beyond an axis' ends are not drawn."""
    unseen = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        unseen |= {tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high}
    texts = figure.findobj(Text)
    return [text for text in texts if text not in unseen and text.get_visible() and text.get_text().strip()]


def said(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in words(figure))


def assert_legible(figure: Figure) -> None:
    """No text overlaps another or leaves the sheet."""
    figure.draw_without_rendering()
    sheet = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent()) for text in words(figure)]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= sheet.x1, text
        assert box.y1 <= sheet.y1, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # boxes hold room for ascenders and descenders; a few pixels of that may be shared
        assert width <= 1 or height <= 5, f"{one!r} overlaps {other!r}"


@pytest.mark.parametrize("name", NAMES)
def test_fourteen_strategies_are_legible(default: dict[str, Figure], name: str) -> None:
    assert_legible(default[name])


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
    assert "1 of 10\nclients served" in text
    assert "hollow" in text
    axes = default["throughput_vs_clients"].axes[0]
    grey = style.look("blocking").colour
    points = [line for line in axes.get_lines() if line.get_marker() == "o" and line.get_markeredgecolor() == grey]
    low = [line.get_markerfacecolor() for line in points]
    assert low.count("white") == 4  # at 10, 100 and 500 clients, and beside its name


def test_ticks_stand_at_the_measured_counts(default: dict[str, Figure]) -> None:
    assert list(default["throughput_vs_clients"].axes[0].get_xticks()) == [1, 10, 100, 500]
    assert list(default["throughput_vs_size"].axes[0].get_xticks()) == [64, 1024, 16384]


def test_files_are_written_in_both_formats(tmp_path: Path) -> None:
    groups = [(1, 64), (9, 64)]
    made = MadeUp(capacity={"epoll": 1e5, "select": 9e4}, groups=groups, blocks=2, **QUIET).write(tmp_path)
    paths = draw(made)
    assert sorted(path.name for path in paths) == sorted(f"{name}{end}" for name in NAMES for end in (".png", ".svg"))
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
    return next(figure for _, figure in figures(load(made)))


def test_one_point_becomes_sorted_rows(tmp_path: Path) -> None:
    made = dict(figures(load(MadeUp(groups=[(100, 64)], blocks=4, **QUIET).write(tmp_path))))
    for name in NAMES:
        assert_legible(made[name])
    axes = made["throughput_vs_clients"].axes[0]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert rows[-1] == "epoll"
    assert rows[0] == "socketserver"
    assert "1 of 100 clients served" in said(made["throughput_vs_clients"])


def test_further_services_and_sweeps_have_charts_of_their_own(tmp_path: Path) -> None:
    made = MadeUp(capacity={"epoll": 1e5}, services=("echo", "greet"), groups=[(1, 64), (9, 64), (9, 1024), (1, 1024)],
                  blocks=2, **QUIET)  # fmt: skip
    names = {name for name, _ in figures(load(made.write(tmp_path)))}
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
        "marks": ["a test of function"],
    }
    (made / "run.json").write_text(json.dumps(run))
    chart = dict(figures(load(made)))["throughput_vs_clients"]
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
    drawn = dict(figures(load(made)))
    assert drawn["throughput_vs_clients"].axes[0].get_yscale() == "log"
    assert "Failed in some blocks: dies" in said(drawn["throughput_vs_clients"])
    for chart in drawn.values():
        assert_legible(chart)


def test_nothing_measured_draws_nothing(tmp_path: Path) -> None:
    made = MadeUp(capacity={}, groups=()).write(tmp_path)
    (made / "windows.jsonl").write_text(json.dumps(failure("uvloop")) + "\n")
    assert draw(made) == []


def test_every_strategy_has_a_look_of_its_own() -> None:
    looks = [style.look(name) for name in CAPACITY]
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == len(CAPACITY)
    assert style.look("mine") == style.look("mine")
    assert style.look("epoll", "3.14").colour == style.look("epoll").colour
    assert style.dash(True) != style.dash(False)


def test_labels_are_moved_as_little_as_needed() -> None:
    assert spaced([0.1, 0.5, 0.9], 0.1, 0, 1) == pytest.approx([0.1, 0.5, 0.9])
    assert spaced([0.5, 0.5], 0.1, 0, 1) == pytest.approx([0.45, 0.55])
    assert spaced([1.0, 0.99, 0.2], 0.1, 0, 1) == pytest.approx([1.0, 0.9, 0.2])
    assert spaced([0.3] * 5, 0.5, 0, 1) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert len(spaced([], 0.1, 0, 1)) == 0


def test_no_pyplot_and_so_no_display() -> None:
    code = "import sys, analysis.charts; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=True, timeout=60)


def test_many_strategies_at_many_counts_with_much_to_say_are_legible(tmp_path: Path) -> None:
    capacity = dict(CAPACITY) | {"a-server-with-a-long-name": 33e3, "caddy": 61e3, "forking": 900.0, "threading": 1e3}
    counts = (1, 10, 100, 300, 500)
    skipped = {name: f"{name} is not installed: No module named '{name}'" for name in ("gevent", "uvloop")}
    made = MadeUp(capacity=capacity, groups=[(count, 64) for count in counts], blocks=2, skipped=skipped,
                  unchecked={"poll": "half-close lost 3 bytes"}, **QUIET).write(tmp_path)  # fmt: skip
    drawn = dict(figures(load(made)))
    assert "Failed the conformance check: poll" in said(drawn["throughput_vs_clients"])
    for chart in drawn.values():
        assert_legible(chart)
