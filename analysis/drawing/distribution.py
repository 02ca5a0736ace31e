"""Chart of the latency distribution: latency over the share of requests that are slower, both logarithmic.

Few strategies share one pair of axes, with their names at the ends of their lines. Of many each family has axes of its
own, in which the others are a grey background: so a family can be read, and seen among all.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from analysis import units
from analysis.drawing.finish import finish
from analysis.drawing.line_ends import End, label_ends
from analysis.drawing.looks import GRID, INK, Look, dash
from analysis.drawing.parts import TIME, WIDE, marker, time_axis
from analysis.drawing.selection import Selection, is_hollow
from analysis.drawing.sheet import area, sheet
from analysis.judging.latencies import tail
from analysis.judging.served import is_starved, served
from analysis.records.points import CELL_KEYS
from analysis.statistics import BEYOND

TITLE = "Latency distribution: how slow are the slowest?"
READING = f"blocks weigh alike, a line ends where fewer than {BEYOND} requests are slower"
TOGETHER = 16  # lines that can be told apart on one pair of axes
COLUMNS = 3
MARKED = (2, 10, 100, 1_000)  # one in so many is slower
SHARES = {2: "p50", 10: "p90", 100: "p99", 1_000: "p99.9", 10_000: "p99.99", 100_000: "p99.999"}


class Line(NamedTuple):
    """A strategy's: one in how many requests is slower, and than what (µs)."""

    name: str
    look: Look
    is_chapter: bool
    cell: pd.Series
    one_in: NDArray[np.float64]
    latency: NDArray[np.float64]

    @property
    def is_hollow(self) -> bool:
        return is_hollow(self.cell, "p99_us")

    @property
    def end(self) -> End:
        """Its last point, and what is written there."""
        told = f"1 in {units.short(self.one_in[-1])} over {units.duration(self.latency[-1])}"
        words = f"{served(self.cell)} served" if is_starved(self.cell) else told
        return End(self.one_in[-1], self.latency[-1], self.name, words, self.look, self.is_hollow)

    def draw(self, axes: Axes) -> None:
        axes.plot(self.one_in, self.latency, color=self.look.colour, ls=dash(self.is_chapter), lw=1.6)
        for share in MARKED:
            if share <= self.one_in[-1]:
                at = float(np.interp(share, self.one_in, self.latency))
                marker(axes, share, at, self.look, hollow=self.is_hollow)


def latency_distribution(selection: Selection) -> Figure:
    """The tail of each strategy at its full length."""
    lines = list(_lines(selection))
    figure = sheet(TITLE, selection.what(), selection.entries)
    if len(lines) > TOGETHER:
        _by_family(figure, selection, lines)
    else:
        _together(figure, lines)
    return finish(figure, selection, selection.cells.loc[[line.cell.name for line in lines]], "p99_us", READING)


def _lines(selection: Selection) -> list[Line]:
    found = []
    for name, look, is_chapter, part in selection.lines():
        cell = part.iloc[0]
        windows = selection.results.windows
        mine = windows[(windows[CELL_KEYS] == cell[CELL_KEYS]).all(axis=1)]
        one_in, latency = tail(mine, selection.results.p99_multiple(cell["load"]))
        if len(latency):
            found.append(Line(name, look, is_chapter, cell, one_in, latency))
    return found


def _together(figure: Figure, lines: Sequence[Line]) -> None:
    axes = area(figure, (WIDE[0], 0.235, WIDE[2], 0.6))
    for line in lines:
        line.draw(axes)
    ends = [line.end for line in lines]
    _scales(axes)
    if ends:
        axes.set_xlim(1.7, max(end.x for end in ends) * 1.15)
        axes.margins(y=0.03)
    _name_shares(axes, in_full=True)
    time_axis(axes, "y")
    axes.set(xlabel="percentile, and share of requests that are slower", ylabel=TIME)
    label_ends(axes, ends, 11)


def _by_family(figure: Figure, selection: Selection, lines: Sequence[Line]) -> None:
    strategies = selection.results.run.get("strategies") or {}
    families: dict[str, list[Line]] = {}
    for line in lines:
        told = strategies.get(line.cell["strategy"]) or {}
        families.setdefault(str(told.get("family") or "other"), []).append(line)
    rows = -(-len(families) // COLUMNS)
    whole = area(figure, (0.07, 0.17, 0.91, 0.69))
    left, bottom, width, height = whole.get_position().bounds
    whole.remove()
    first: Axes | None = None
    for place, (family, members) in enumerate(families.items()):
        row, column = divmod(place, COLUMNS)
        one_wide, one_high = width / COLUMNS, height / rows
        box = (
            left + column * one_wide,
            bottom + (rows - 1 - row) * one_high + 0.045,
            one_wide * 0.5,
            one_high - 0.085,
        )
        axes = figure.add_axes(box, sharex=first, sharey=first)
        for line in lines:
            axes.plot(line.one_in, line.latency, color=GRID, lw=0.9, zorder=1)
        for line in members:
            line.draw(axes)
        if first is None:
            first = axes
            _scales(axes)
            axes.set_xlim(1.7, max(line.one_in[-1] for line in lines) * 1.15)
            axes.margins(y=0.03)
            time_axis(axes, "y")
        _name_shares(axes, in_full=False)
        axes.tick_params(labelsize=9, labelleft=column == 0)
        axes.set_title(family, loc="left", size=11.5, color=INK, pad=5)
        _name_lines(axes, members)
        if column == 0:
            axes.set_ylabel(TIME, size=9.5)


def _name_lines(axes: Axes, lines: Sequence[Line]) -> None:
    """A key beside the axes, the slowest at p99 on top."""

    def at_p99(line: Line) -> float:
        return float(np.interp(100, line.one_in, line.latency))

    handles = [
        axes.plot([], [], color=line.look.colour, ls=dash(line.is_chapter), lw=1.6, marker=line.look.marker, ms=5,
                  mfc="white" if line.is_hollow else line.look.colour, mec=line.look.colour, label=line.name)[0]
        for line in sorted(lines, key=at_p99, reverse=True)
    ]  # fmt: skip
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.03), frameon=False, fontsize=9,
                labelcolor=INK, handlelength=1.8, labelspacing=0.35, borderaxespad=0.0)  # fmt: skip


def _scales(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(color=GRID, lw=0.8)


def _name_shares(axes: Axes, in_full: bool) -> None:
    axes.xaxis.set_major_locator(FixedLocator(list(SHARES)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda share, _: SHARES[round(share)] + (f"\n1 in {share:,.0f}" if in_full else ""))
    )
    axes.grid(color=GRID, lw=0.8)
