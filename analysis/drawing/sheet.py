"""The frame of every chart: what was measured, how to read it, where and when, and what is missing."""

import textwrap
from collections.abc import Collection, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.drawing.looks import FAINT, INK, dash

WIDTH, HEIGHT = 13.333, 7.5  # inches, a slide
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


def sheet(title: str, subtitle: str) -> Figure:
    """An empty slide under its title."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=160, facecolor="white")
    FigureCanvasAgg(figure)  # keeps one renderer for all texts that are measured
    figure.text(0.035, 0.945, title, size=19, weight="bold", color=INK)
    figure.text(0.035, 0.905, subtitle, size=12, color=FAINT)
    return figure


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
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.98, 0.9), ncols=3, frameon=False,
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
    where = [*machine(run), str(run.get("started_at", ""))[:10], f"run {run.get('run_id', '?')}"]
    if run.get("outcome") not in (None, "complete"):
        where.append(f"INCOMPLETE RUN ({run['outcome']})")
    if max(blocks) < 2:
        reading += " (none: they need two blocks)"
    repeats = f"{_number(blocks, 'block')} {TIMES} {_number(rounds, 'round')}"
    place = "loopback" + _cpus(run, "server_cpus", ", servers on CPU ") + _cpus(run, "loader_cpus", ", load from CPU ")
    how = [repeats, place, *filter(None, [moved])]
    said = textwrap.wrap(". ".join(notes), 180, max_lines=3, placeholder=" …")
    for number, line in enumerate([" · ".join(how), " · ".join(where), reading, *reversed(said)]):
        figure.text(0.035, 0.014 + 0.0225 * number, line, size=9.5, color=FAINT if number < 3 else INK)


def machine(run: dict[str, Any]) -> list[str]:
    """What a run was measured on, in some phrases."""
    told = run.get("machine") or {}
    return [
        f"{told.get('cpu', 'unknown CPU')}, {told.get('cores', '?')} cores",
        f"kernel {told.get('kernel', '?')}",
        f"Python {told.get('python', '?')}",
    ]


def _number(numbers: Collection[int], word: str) -> str:
    few, many = min(numbers), max(numbers)
    return f"{few if few == many else f'{few} to {many}'} {word}{'' if many == 1 else 's'}"


def _cpus(run: dict[str, Any], name: str, words: str) -> str:
    cpus = run.get(name)
    return words + ", ".join(map(str, cpus)) if cpus else ""


def save(figure: Figure, stem: Path) -> list[Path]:
    """STEM.png and STEM.svg, each whole or not at all, the same bytes for the same results."""
    paths = []
    for ending, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
        drawn = BytesIO()
        with rc_context(SETTINGS):
            figure.savefig(drawn, format=ending[1:], metadata=metadata)
        path = stem.with_name(stem.name + ending)
        unfinished = stem.with_name(f".{path.name}")
        unfinished.write_bytes(drawn.getvalue())
        unfinished.replace(path)
        paths.append(path)
    return paths
