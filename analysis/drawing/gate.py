"""Head against base as a chart: the change of each figure of each cell, with its interval."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.drawing.looks import FAINT, GRID, INK
from analysis.drawing.sheet import SETTINGS, area, drop_others, foot, save, sheet
from analysis.gate import words
from analysis.gate.decision import Outcome
from analysis.gate.result import Gate, Row, margin_of
from analysis.gate.series import METRICS, Metric
from analysis.records.points import CELL_KEYS

GATES = "gate*"  # the charts' files, among others
PLACES = "machine"  # the kind of the notes that say where each of two runs was measured
MOST_ROWS = 26  # that a slide has room for
AREA = (0.215, 0.165, 0.765, 0.655)  # left, bottom, width, height of all panels together
GAP = 0.02
ROOM = 30  # characters of a cell's name that the left margin has room for at the usual size
# shape as well as colour, both told apart by the colour-blind
LOOKS = {
    Outcome.REGRESSION: ("#D55E00", "v", True),
    Outcome.IMPROVEMENT: ("#0072B2", "^", True),
    Outcome.NO_REGRESSION: ("#555555", "o", True),
    Outcome.UNDECIDED: ("#555555", "o", False),
}


def draw(gate: Gate, folder: Path) -> list[Path]:
    """gate.png and gate.svg, and further ones where the cells don't fit on one; the paths written."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, figure in enumerate(sheets(gate), start=1):
        paths += save(figure, folder / f"gate{f'-{number}' if number > 1 else ''}")
    drop_others(folder.glob(GATES), paths)
    return paths


def sheets(gate: Gate) -> Iterator[Figure]:
    """A sheet for so many cells as it has room for."""
    deciding = [row for row in gate.rows if row.metric.decides and row.decision and not row.doubt]
    cells = list(dict.fromkeys(row.cell for row in deciding))
    for first in range(0, len(cells), MOST_ROWS):
        shown = cells[first : first + MOST_ROWS]
        with rc_context(SETTINGS):
            figure = _sheet_of(gate, [row for row in deciding if row.cell in shown])
        yield figure


def _sheet_of(gate: Gate, rows: list[Row]) -> Figure:
    figure = sheet(f"Change of {gate.head} by {gate.base}", words.compared(gate))
    cells = list(dict.fromkeys(row.cell for row in rows))
    names = {row.cell: words.cell(row, gate) for row in rows}
    metrics = [metric for metric in METRICS if metric.decides]
    left, bottom, width, height = AREA
    each = (width - GAP * (len(metrics) - 1)) / len(metrics)
    longest = max(map(len, names.values()), default=1)
    size = min(11.5 if len(cells) < 16 else 9.5, 11.5 * ROOM / longest)
    for number, metric in enumerate(metrics):
        axes = area(figure, (left + number * (each + GAP), bottom, each, height))
        own = {row.cell: row for row in rows if row.metric == metric}
        doubts = {row.cell: row.doubt for row in gate.rows if row.metric == metric}
        _panel(axes, metric, [own.get(cell) for cell in cells], [doubts.get(cell, "") for cell in cells], gate)
        better = "less is better" if metric.more_is_worse else "more is better"
        axes.set_title(f"{metric.name}: {better}", loc="left", size=12.5, color=INK, pad=8)
        axes.set_yticks(range(len(cells)), [names[cell] for cell in cells] if not number else [""] * len(cells))
        axes.tick_params(axis="y", labelsize=size)
    _key(figure)
    blocks = [row.decision.blocks for row in rows if row.decision] or [0]
    rounds = gate.results.windows.groupby([*CELL_KEYS, "block"]).size().tolist()
    foot(figure, gate.results.run, blocks, rounds, [gate.verdict, *gate.results.said(PLACES)],
         "bars: 95 % intervals over blocks, shaded: within the margin")  # fmt: skip
    return figure


def _panel(axes: Axes, metric: Metric, rows: list[Row | None], doubts: list[str], gate: Gate) -> None:
    present = [row for row in rows if row is not None]
    margin = 100 * margin_of(metric, gate.results.run["gate"])
    ends = [abs(end) * 100 for row in present for end in row.interval if end == end]
    reach = max([1.3 * margin, *(1.1 * abs(row.change) * 100 for row in present)])
    reach = min(max([reach, *(1.05 * end for end in ends)]), 4 * reach)  # a hopeless interval mustn't hide the rest
    axes.axvspan(-margin, margin, color=GRID, alpha=0.6, lw=0)
    axes.axvline(0, color=FAINT, lw=1)
    for place, (row, doubt) in enumerate(zip(rows, doubts, strict=True)):
        if row is None:
            said = textwrap.fill(f"doubtful: {doubt}" if doubt else "doubtful", 36, max_lines=2, placeholder=" …")
            axes.text(0, place, said, ha="center", va="center", size=8.5, color=FAINT)
            continue
        colour, marker, filled = LOOKS[row.decision.outcome]  # type: ignore[union-attr]
        low, high = row.interval
        axes.plot([low * 100, high * 100], [place, place], color=colour, lw=2, solid_capstyle="butt")
        face = colour if filled else "white"
        axes.plot(row.change * 100, place, marker=marker, ms=7, color=colour, mfc=face, mew=1.5, clip_on=False)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+g} %" if value else "0")
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _key(figure: Figure) -> None:
    handles = [
        Line2D([], [], ls="", marker=marker, color=colour, mfc=colour if filled else "white", ms=7, mew=1.5,
               label=str(outcome))
        for outcome, (colour, marker, filled) in LOOKS.items()
    ]  # fmt: skip
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(0.985, 0.965), ncols=4, frameon=False,
                  fontsize=10, labelcolor=FAINT, handletextpad=0.2, columnspacing=1.2)  # fmt: skip
