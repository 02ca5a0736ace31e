"""The fan: what a request costs a server, and what it holds, by the size of its company.

A cross is where a strategy has no room for it, or leaves clients unserved: its line ends before it.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis import units
from analysis.drawing.finish import finish
from analysis.drawing.line_ends import End, label_ends
from analysis.drawing.looks import GRID, INK, dash
from analysis.drawing.parts import marker, span, sweep, time_axis
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, sheet
from analysis.judging.unkindness import SIZE, UNSERVED
from axes import AXES

ALONG, CPU, MEMORY = SIZE, "server_cpu_us_per_request", "memory_mib"
LEFT, RIGHT = (0.07, 0.215, 0.255, 0.575), (0.573, 0.215, 0.245, 0.575)


def fan(selection: Selection) -> Figure:
    """The chart of a selection along the size of its company."""
    rows = selection.cells
    is_served = ~rows["limited_by"].isin(UNSERVED) & rows["windows"].notna()
    known = Selection(selection.results, rows[is_served])
    figure = sheet(f"What it costs by the {AXES[ALONG].title}", selection.what(ALONG), known.entries)
    left, right = area(figure, LEFT), area(figure, RIGHT)
    sweep(left, known, ALONG, CPU, _cpu, 10, span(known.measured, (CPU,)))
    time_axis(left, "y")
    one = known.points("clients") == [1]
    left.set_title("CPU time of a request" + ", which is one wait" * one, loc="left", size=13, color=INK, pad=10)
    _memory(right, known, left)
    right.set_title("memory of the server", loc="left", size=13, color=INK, pad=10)
    for axes in (left, right):
        axes.set_xlabel(AXES[ALONG].title)
    for _, look, _, part in known.lines():
        own = part.sort_values(ALONG)
        strategy, variant = own.iloc[0][["strategy", "variant"]]
        beyond = rows[~is_served & (rows["strategy"] == strategy) & (rows["variant"] == variant)]
        beyond = beyond[beyond[ALONG] > own[ALONG].max()]
        for axes, name in ((left, CPU), (right, MEMORY)):
            last = own[own[name].notna()]
            if len(beyond) and len(last):
                at, y = float(beyond[ALONG].min()), float(last[name].iloc[-1])
                axes.plot([last[ALONG].iloc[-1], at], [y, y], color=look.colour, lw=1.2, ls=":")
                axes.plot(at, y, "x", color=look.colour, ms=9, mew=2.4, zorder=4)
    return finish(figure, selection, known.having(CPU), CPU)


def _memory(axes: Axes, selection: Selection, beside: Axes) -> None:
    """Lines without intervals: memory hardly differs from block to block, and is looked at in two."""
    axes.sharex(beside)
    axes.set_yscale("log")
    values = selection.having(MEMORY)[MEMORY]
    if len(values):
        axes.set_ylim(float(values.min()) * 0.8, float(values.max()) * 1.25)
    ends = []
    for name, look, chapter, part in selection.lines():
        own = part[part[MEMORY].notna()].sort_values(ALONG)
        if own.empty:
            continue
        axes.plot(own[ALONG], own[MEMORY], color=look.colour, ls=dash(chapter), lw=1.7)
        for _, cell in own.iterrows():
            marker(axes, cell[ALONG], cell[MEMORY], look, hollow=False)
        last = own.iloc[-1]
        early = bool(last[ALONG] != selection.points(ALONG)[-1])
        text = _held(last) + (f" at {AXES[ALONG].write(last[ALONG])}" if early else "")
        ends.append(End(float(last[ALONG]), float(last[MEMORY]), name, text, look, False, early))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g} MiB"))
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    label_ends(axes, ends, 10)


def _cpu(cell: pd.Series) -> str:
    ratio = cell["server_cpu_ratio"]
    by = f", \N{MULTIPLICATION SIGN} {ratio:.2f}" if ratio == ratio and cell[ALONG] else ""
    return units.duration(cell[CPU]) + by


def _held(cell: pd.Series) -> str:
    return f"{units.short(cell[MEMORY])} MiB"
