"""Names at the ends of lines: a column beside the axes in which nothing overlaps."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from analysis.drawing.looks import FAINT, INK, Look, marker_scale


class End(NamedTuple):
    """The last point of a line, in data coordinates, and what is written beside it."""

    x: float
    y: float
    name: str
    figure: str
    look: Look
    hollow: bool
    early: bool = False  # ends before the others: its leader is dotted, so that it is not read as data


def spaced(wanted: Sequence[float], gap: float, low: float, high: float) -> NDArray[np.float64]:
    """Positions nearest to the wanted ones (least squares), in the same order, `gap` apart, in the bounds.

    Where the bounds hold fewer than that many gaps, they are divided evenly.
    """
    if len(wanted) == 0:
        return np.array([])
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    free = isotonic_regression(np.asarray(wanted)[order] - steps).x
    placed = np.empty(len(wanted))
    placed[order] = np.clip(free, low, high - steps[-1]) + steps
    return placed


def label_ends(axes: Axes, ends: Sequence[End], size: float) -> None:
    """Write the labels to the right of the axes, whose limits must be final, with a leader to each line."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    frame = axes.get_window_extent()
    line = size * 1.42 * figure.dpi / 72 / frame.height
    to_axes = axes.transData + axes.transAxes.inverted()
    tips = np.array([to_axes.transform((end.x, end.y)) for end in ends]).reshape(-1, 2)
    tips[:, 1] = np.clip(tips[:, 1], 0, 1)  # a zero on a log axis lies far below the sheet
    places = spaced(list(tips[:, 1]), line, 0.0, 1.0)
    size *= min(1.0, (1.0 / max(1, len(ends) - 1)) / line)
    inch = figure.dpi / frame.width  # one inch in units of the axes' width
    elbow, stop, symbol, start = (1 + inch * offset * size / 11 for offset in (0.05, 0.28, 0.36, 0.46))
    outside: Any = {"transform": axes.transAxes, "clip_on": False}
    names, values = [], []
    for end, (x, y), place in zip(ends, tips, places, strict=True):
        colour, face = end.look.colour, "white" if end.hollow else end.look.colour
        leader = {"color": colour, "lw": 0.8, "alpha": 0.6, "ls": ":" if end.early else "-", **outside}
        axes.add_line(Line2D([x, max(x, elbow), stop], [y, y, place], **leader))
        symbol_size = size * 0.58 * marker_scale(end.look)
        marker = {"color": colour, "marker": end.look.marker, "ms": symbol_size, "mfc": face, **outside}
        axes.add_line(Line2D([symbol], [place], **marker))
        text = {"color": INK, "size": size, "va": "center_baseline", **outside}
        names.append(axes.text(start, place, end.name, **text))
        values.append(axes.text(start, place, end.figure, **text | {"color": FAINT, "size": size * 0.88}))
    beyond = [other.get_window_extent().x0 for other in figure.axes]
    # a neighbour's tick labels need most of an inch
    right = min([x - 0.7 * figure.dpi for x in beyond if x > frame.x1], default=figure.bbox.x1)
    _in_columns(names, values, right - 0.05 * figure.dpi)


def _in_columns(names: Sequence[Text], values: Sequence[Text], right: float) -> None:
    """Move the values beside the names; all smaller if they don't end before `right` (pixels)."""
    if not names:
        return
    left = names[0].get_window_extent().x0
    gap = names[0].get_window_extent().height * 0.6
    widths = [max(text.get_window_extent().width for text in column) for column in (names, values)]
    factor = min(1.0, (right - left) / (sum(widths) + gap))
    for text in (*names, *values):
        text.set_fontsize(text.get_fontsize() * factor)
    for name, value in zip(names, values, strict=True):
        place = (left + (widths[0] + gap) * factor, 0)
        value.set_x(name.get_transform().inverted().transform(place)[0])
