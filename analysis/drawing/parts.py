"""The parts that charts are put together from: points, bars, rows, axes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from analysis import units
from analysis.drawing.ceiling import Points, draw_across, draw_over, room
from analysis.drawing.line_ends import End, label_ends
from analysis.drawing.looks import FAINT, GRID, INK, Look, dash, marker_scale
from analysis.drawing.selection import LOG_FROM, Selection, ends_of, is_hollow
from analysis.judging.served import is_starved, served
from analysis.records.points import label
from analysis.stretch import stretch
from axes import AXES

Place = TypeVar("Place", bound=float)  # on an axis of the matrix
TIME = "time from request to reply"
LINE = 15 / 72  # inches that a line of text takes under a marker
WIDE = (0.085, 0.215, 0.65, 0.62)  # axes with room for labels on the right
ROWS = (0.15, 0.215, 0.62, 0.625)  # the same with room for names on the left
HALO = [withStroke(linewidth=3, foreground="white")]


class _Starved(NamedTuple):
    """A point of a strategy that serves only some clients: its figure, and so many of so many."""

    y: float
    name: str
    served: str


def sweep(
    axes: Axes,
    selection: Selection,
    axis: str,
    name: str,
    words: Callable[[pd.Series], str],
    size: float,
    limits: tuple[float, float] | None = None,
    ceiling: Points = (),
) -> None:
    """Lines with intervals over one axis of the matrix, labelled at their ends. Limits ask for a log axis.

    `ceiling` is what a line is drawn through if it lies near enough: values on the axis, and rates.
    """
    points = selection.points(axis)
    of, write = AXES[axis].number, AXES[axis].write
    position = _matrix_axis(axes, {of(value): write(value) for value in points}, AXES[axis].kind == "choice")
    low, high = limits or span(selection.measured, (name,))
    high = room(ceiling, high)
    positive = selection.measured.loc[selection.measured[name] > 0, name]
    if limits or positive.max() > LOG_FROM * positive.min():
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    else:
        axes.set_ylim(0, high)
    lines = list(selection.lines())
    ends = []
    lowest: dict[int, float] = {}  # of the points and bars at each place
    starved: dict[int, list[_Starved]] = {}
    for number, (name_at_end, style, chapter, part) in enumerate(lines):
        part = part[part[name].notna()].sort_values(axis, key=lambda values: values.map(of))
        if part.empty:
            continue
        aside = (number / max(1, len(lines) - 1) - 0.5) * 0.055  # side by side, so that bars can be read
        x = position(part[axis].map(of).to_numpy(float), aside)
        y = part[name].to_numpy(float)
        axes.plot(x, y, color=style.colour, ls=dash(chapter), lw=1.7)
        for at, (_, cell) in zip(x, part.iterrows(), strict=True):
            point(axes, cell, name, at, style, upright=True)
            place = int(of(cell[axis]))
            lowest[place] = float(np.nanmin([lowest.get(place, np.inf), cell[name], cell[ends_of(name)[0]]]))
            if is_starved(cell):
                starved.setdefault(place, []).append(_Starved(cell[name], name_at_end, served(cell)))
        last = part.iloc[-1]
        early = last[axis] != points[-1]
        text = words(last) + (f" at {write(last[axis])}" if early else "")
        ends.append(End(x[-1], y[-1], name_at_end, text, style, is_hollow(last, name), early))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    draw_over(axes, ceiling)
    _say_served(axes, starved, lowest)
    label_ends(axes, ends, size)


def _matrix_axis(axes: Axes, written: Mapping[float, str], in_steps: bool) -> Callable[..., Any]:
    """Ticks at the measured values, the least first; what moves a value aside by a share of their range.

    In steps, all are as far from each other.
    """
    points = list(written)
    low, high = points[0], points[-1]
    stretched = stretch(points, in_steps)
    if stretched.kind == "symlog":
        axes.set_xscale("function", functions=stretched.functions)
    else:
        axes.set_xscale(stretched.kind)

    def position(value: Any, aside: float) -> Any:
        return np.vectorize(lambda one: stretched.aside(one, aside, (low, high)), otypes=[float])(value)

    axes.set_xlim(float(position(low, -0.045)), float(position(high, 0.045)))
    axes.xaxis.set_major_locator(FixedLocator(points))
    axes.xaxis.set_minor_locator(NullLocator())
    inch = axes.figure.dpi
    room = 0.15 + 0.1 * max(map(len, written.values()))
    named = _apart(axes, points, room * inch)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: written[value] if value in named else ""))
    return position


def _apart(axes: Axes, points: Sequence[Place], pixels: float) -> list[Place]:
    """The points that have room for a text, the last one first."""
    kept: list[Place] = []
    for value in sorted(points, reverse=True):
        places = axes.transData.transform([(other, 1) for other in (value, *kept)])[:, 0]
        if all(abs(place - places[0]) >= pixels for place in places[1:]):
            kept.append(value)
    return kept


def _say_served(axes: Axes, places: Mapping[int, Sequence[_Starved]], lowest: Mapping[int, float]) -> None:
    """How many clients were served, and by whom if there is room for names: under the points and bars of each place.

    Where there is no room there, above the highest point of those concerned.
    """
    inch = axes.figure.dpi
    short, long = {}, {}
    for place, starved in places.items():
        numbers = " or ".join(dict.fromkeys(one.served for one in starved))
        names = ", ".join(one.name for one in starved) if len(starved) < 3 else f"{len(starved)} strategies"
        short[place] = f"{numbers}\nserved"
        long[place] = f"{names}:\n{numbers} served"

    def fitting(texts: Mapping[int, str]) -> list[int]:
        longest = max((len(line) for text in texts.values() for line in text.splitlines()), default=0)
        return _apart(axes, list(texts), (0.065 * longest + 0.1) * inch)

    with_names = len(fitting(long)) == len(long)
    for place in fitting(long if with_names else short):
        room = (axes.transData.transform((place, lowest[place]))[1] - axes.get_window_extent().y0) / (LINE * inch)
        is_under = room > 1  # lines of text
        y = lowest[place] if is_under else max(one.y for one in places[place])
        words = long[place] if with_names else short[place]
        if 1 < room < 2:
            words = short[place].replace("\n", " ")
        text = axes.annotate(words, (place, y), (0, -7 if is_under else 7), textcoords="offset points",
                             ha="center", va="top" if is_under else "bottom", size=9, color=FAINT,
                             linespacing=1.1, zorder=1.5, path_effects=HALO)  # fmt: skip
        _keep_inside(axes, text)


def _keep_inside(axes: Axes, text: Annotation) -> None:
    """Move a text aside that would stand beyond the axes: there the names at the ends begin."""
    drawn, inside = text.get_window_extent(), axes.get_window_extent()
    aside = max(0, inside.x0 - drawn.x0) - max(0, drawn.x1 - inside.x1)
    text.xyann = (text.xyann[0] + aside * 72 / axes.figure.dpi, text.xyann[1])


def rows(axes: Axes, shown: pd.DataFrame) -> None:
    """A row for each cell, the last one on top."""
    axes.set_ylim(-0.7, len(shown) - 0.3)
    names = [label(cell) for _, cell in shown.iterrows()]
    axes.set_yticks(range(len(shown)), names)
    longest = max(map(len, names), default=1)
    axes.tick_params(axis="y", length=0, labelsize=min(12, _row_height(axes), 12 * 18 / longest))
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)


def _row_height(axes: Axes) -> float:
    """The size of text that fits into a row, in points."""
    low, high = axes.get_ylim()
    return 0.72 * axes.get_window_extent().height * 72 / axes.figure.dpi / (high - low)


def in_rows(
    axes: Axes,
    selection: Selection,
    shown: pd.DataFrame,
    name: str,
    words: Callable[[pd.Series], str],
    ceiling: Points = (),
) -> None:
    """A rate for each cell: a line from zero to its point, with words beside it."""
    rows(axes, shown)
    axes.set_xlim(0, room(ceiling, span(shown, (name,))[1]))
    for row, (_, cell) in enumerate(shown.iterrows()):
        style, ls = selection.look(cell), dash(selection.is_chapter(cell["strategy"]))
        axes.plot([0, cell[name]], [row, row], color=style.colour, lw=1.3, alpha=0.55, ls=ls)
        point(axes, cell, name, row, style, upright=False)
        beside(axes, cell, row, (name, ends_of(name)[1]), words(cell))
    draw_across(axes, ceiling)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def beside(axes: Axes, cell: pd.Series, row: float, names: Sequence[str], text: str) -> None:
    """Write to the right of the largest of these figures in a row. The limits must be final."""
    right = min(float(np.nanmax(cell[list(names)].astype(float))), axes.get_xlim()[1])
    if served(cell):
        text += f", {served(cell)} clients served"
    axes.annotate(text, (right, row), (11, 0), textcoords="offset points", size=min(10.5, _row_height(axes)),
                  color=INK, va="center", annotation_clip=False, path_effects=HALO)  # fmt: skip


def point(axes: Axes, cell: pd.Series, name: str, at: float, style: Look, *, upright: bool, symbol: str = "") -> None:
    """A figure as a marker with its bar; `at` is its place on the other axis. The limits must be final."""
    if pd.isna(cell[name]):
        return
    x, y = (at, cell[name]) if upright else (cell[name], at)
    low, high = cell[ends_of(name)]
    if pd.notna(low):
        bar = [[max(0, cell[name] - low)], [max(0, high - cell[name])]]
        which: Any = {"yerr" if upright else "xerr": bar}
        which |= {"elinewidth": 1.5, "capthick": 1.5, "capsize": 0 if upright else 3}
        axes.errorbar(x, y, fmt="none", ecolor=style.colour, **which)
        runs_off(axes, (low, high), at, style, upright=upright)
    big = 16 if symbol else 7 if upright else 9
    marker(axes, x, y, style, hollow=is_hollow(cell, name), symbol=symbol, size=big)


def runs_off(axes: Axes, ends: tuple[float, float], at: float, style: Look, *, upright: bool) -> None:
    """An arrowhead at the edge that an interval crosses."""
    low, high = axes.get_ylim() if upright else axes.get_xlim()
    heads = "v^" if upright else "<>"
    for edge, symbol, is_beyond in zip((low, high), heads, (ends[0] < low, ends[1] > high), strict=True):
        if is_beyond:
            x, y = (at, edge) if upright else (edge, at)
            axes.plot(x, y, ls="", marker=symbol, ms=7, mfc=style.colour, mec="white", mew=0.5, clip_on=False, zorder=4)


def marker(axes: Axes, x: float, y: float, style: Look, *, hollow: bool, symbol: str = "", size: float = 7) -> None:
    """A single marker; hollow where it is drawn with a reservation."""
    outlined = hollow or symbol == "|"
    face, edge = "white" if hollow else style.colour, style.colour if outlined else "white"
    width = 2.2 if symbol else 1.5 if hollow else 0.6
    shape, size = symbol or style.marker, size * marker_scale(style)
    axes.plot(x, y, ls="", marker=shape, ms=size, mfc=face, mec=edge, mew=width, zorder=3)


def time_axis(axes: Axes, which: str) -> None:
    """Ticks such as 200 µs and 1 ms on a log axis whose limits are set."""
    low, high = axes.get_ylim() if which == "y" else axes.get_xlim()
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5) if high / low < 300 else (1,), numticks=40))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: units.tick(value)))


def span(cells: pd.DataFrame, names: Sequence[str]) -> tuple[float, float]:
    """Limits that hold these figures and their bars; a bar that ends far beyond all figures runs off, with a sign."""
    values = cells[list(names)].to_numpy(float)
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return 0.5, 1.0
    low, high = float(values.min()), float(values.max())
    ends = cells[[end for name in names for end in ends_of(name)]].to_numpy(float)
    ends = ends[np.isfinite(ends) & (ends > low / 2) & (ends < high * 1.5)]
    return min([low, *ends]) * 0.8, max([high, *ends]) * 1.08
