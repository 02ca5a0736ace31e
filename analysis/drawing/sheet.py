"""The frame of every chart: what was measured, how to read it, where and when, and what is missing."""

import textwrap
from collections.abc import Collection, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis import hosts
from analysis.drawing.looks import FAINT, INK, dash
from analysis.records import writing
from analysis.records.machine import machine, server_cpus

WIDTH, HEIGHT = 13.333, 7.5  # inches, a slide
ENTRY = 0.17  # inches: the least height that each strategy has, so that its name can be read
ROOM = 4.3  # inches of a slide that strategies share; where they need more, the sheet is taller
TIMES = "\N{MULTIPLICATION SIGN}"
SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,  # a strategy may be called a$b$
    "svg.hashsalt": "concurrency-bench",
    "svg.fonttype": "path",  # looks the same where the font is missing
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.labelsize": 12,
    "xtick.labelsize": 11.5,
    "ytick.labelsize": 11.5,
    "xtick.color": INK,
    "ytick.color": INK,
}


def sheet(title: str, subtitle: str, entries: int = 0) -> Figure:
    """An empty slide under its title; taller where a slide has no room for so many strategies."""
    height = HEIGHT + max(0.0, entries * ENTRY - ROOM)
    figure = Figure(figsize=(WIDTH, height), dpi=160, facecolor="white")
    FigureCanvasAgg(figure)  # keeps one renderer for all texts that are measured
    figure.text(0.035, _from_top(figure, 0.945), title, size=19, weight="bold", color=INK)
    under = figure.text(0.035, _from_top(figure, 0.905), subtitle, size=12, color=FAINT)
    # it may name two folders
    under.set_fontsize(12 * min(1.0, 0.93 * figure.bbox.width / max(1.0, under.get_window_extent().width)))
    return figure


def area(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """Axes at a place on a slide (left, bottom, width, height); on a taller sheet they take what it has more."""
    left, bottom, width, height = place
    low, high = _from_bottom(figure, bottom), _from_top(figure, bottom + height)
    return figure.add_axes((left, low, width, high - low))


def _from_top(figure: Figure, share: float) -> float:
    """A height on a slide, on a sheet that is taller below it."""
    return 1 - (1 - share) * HEIGHT / figure.get_figheight()


def _from_bottom(figure: Figure, share: float) -> float:
    """The same on one that is taller above it."""
    return share * HEIGHT / figure.get_figheight()


def key(figure: Figure, *, starved: bool, doubtful: bool) -> None:
    """What dashes and hollow markers mean: the only legend, since lines carry their names."""
    handles = [
        Line2D([], [], color=FAINT, lw=1.8, ls=dash(True), label="listing of the chapter"),
        Line2D([], [], color=FAINT, lw=1.8, ls=dash(False), label="later mechanism"),
    ]
    if starved or doubtful:
        meanings = ["doubtful"] * doubtful + ["some clients never served"] * starved
        look: dict[str, Any] = {"color": FAINT, "marker": "o", "ms": 7, "mfc": "white", "mew": 1.5, "ls": ""}
        handles.append(Line2D([], [], label="hollow: " + " or ".join(meanings), **look))
    corner = (0.98, _from_top(figure, 0.9))
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=corner, ncols=3, frameon=False,
                  fontsize=10.5, handlelength=2.6, labelcolor=FAINT)  # fmt: skip


def foot(
    figure: Figure,
    run: dict[str, Any],
    blocks: Collection[int],
    rounds: Collection[int],
    notes: Sequence[str],
    reading: str,
    moved: str = "",
) -> None:
    """Notes on what is missing, then where, when and how it was measured.

    Blocks and rounds are those of each cell; `reading` says what the bars are, `moved` what they don't hold.
    """
    started = [str(run["started_at"])[:10]] if run.get("started_at") else []
    where = [*machine(run), *started, f"run {run.get('run_id', '?')}"]
    if run.get("outcome") not in (None, "complete"):
        where.append(f"INCOMPLETE RUN ({run['outcome']})")
    if max(blocks) < 2 and reading.startswith("bars"):
        reading += " (none: they need two blocks)"
    repeats = f"{_number(blocks, 'block')} {TIMES} {_number(rounds, 'round')}"
    loader_cpus = ", ".join(map(str, run.get("loader_cpus") or []))
    place = (
        hosts.way(run).removeprefix("over ")
        + _cpus(", servers on CPU ", server_cpus(run))
        + _cpus(", load from CPU ", loader_cpus)
    )
    how = [repeats, place, *filter(None, [moved])]
    said = textwrap.wrap(". ".join(notes), 180, max_lines=3, placeholder=" …")
    for number, line in enumerate([" · ".join(how), " · ".join(where), reading, *reversed(said)]):
        height = _from_bottom(figure, 0.014 + 0.0225 * number)
        figure.text(0.035, height, line, size=9.5, color=FAINT if number < 3 else INK)


def _number(numbers: Collection[int], word: str) -> str:
    few, many = min(numbers), max(numbers)
    return f"{few if few == many else f'{few} to {many}'} {word}{'' if many == 1 else 's'}"


def _cpus(words: str, cpus: str) -> str:
    return words + cpus if cpus else ""


def drop_others(found: Iterable[Path], drawn: Collection[Path]) -> None:
    """Delete the charts that are not among those just drawn: they are of other figures than what lies beside them."""
    for path in found:
        if path.suffix in (".png", ".svg") and path not in drawn:
            path.unlink()


def save(figure: Figure, stem: Path) -> list[Path]:
    """STEM.png and STEM.svg, each whole or not at all, the same bytes for the same results."""
    paths = []
    for ending, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
        drawn = BytesIO()
        with rc_context(SETTINGS):
            figure.savefig(drawn, format=ending[1:], metadata=metadata)
        paths.append(writing.write(stem.with_name(stem.name + ending), drawn.getvalue()))
    return paths
