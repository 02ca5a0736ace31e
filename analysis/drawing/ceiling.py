"""What the load generator itself can ask for on this machine: a thin line that no server's figure can pass."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from analysis.drawing.looks import FAINT
from analysis.drawing.selection import Selection
from axes import AXES

NEAR = 1.15  # a ceiling further above the figures than this is left out: the axis is theirs
MEASURED = ("clients", "message_size")  # the axes that it is measured along; all else is as usual
WORDS = "the loader's ceiling, measured apart"
HAIR: Any = {"color": FAINT, "lw": 1.0, "ls": (0, (1, 1.5)), "zorder": 1.2}
NOTE: Any = {
    "textcoords": "offset points", "va": "bottom", "size": 9.5, "color": FAINT,
    "path_effects": [withStroke(linewidth=3, foreground="white")],
}  # fmt: skip
Points = Sequence[tuple[int, float]]


def ceiling(selection: Selection, axis: str) -> Points:
    """Value on an axis of the matrix and requests per second, where the run has measured it for this selection.

    Where the load generator had time left it may reach more: that is no ceiling.
    """
    cell = selection.cells.iloc[0]
    usual = selection.results.usual
    if axis not in MEASURED or any(cell[name] != usual[name] for name in AXES if name not in MEASURED):
        return []  # of what the servers are told it knows nothing, and it was measured with persistent connections
    (other,) = (name for name in MEASURED if name != axis)
    low, high = selection.points(axis)[0], selection.points(axis)[-1]
    found = [
        (int(row[axis]), float(row["requests_per_second"]))
        for row in selection.results.run.get("loader_ceiling") or []
        if row[other] == cell[other] and low <= row[axis] <= high and not row.get("lower_bound")
    ]
    return sorted(found)


def room(points: Points, top: float) -> float:
    """The top of an axis of rates, moved up if a little more shows the ceiling."""
    near = [rate for _, rate in points if rate <= top * NEAR]
    return max([top, *(rate * 1.03 for rate in near)])


def draw_over(axes: Axes, points: Points) -> None:
    """Over an axis of the matrix. The limits must be final."""
    low, high = axes.get_ylim()
    shown = [(x, y) for x, y in points if low <= y <= high]
    if shown:
        axes.plot(*zip(*shown, strict=True), marker="_", ms=9, mew=1.0, **HAIR)
        top = max(shown, key=lambda at: at[1])
        side = "left" if top == shown[0] else "right" if top == shown[-1] else "center"
        axes.annotate(WORDS, top, (0, 6), ha=side, **NOTE)


def draw_across(axes: Axes, points: Points) -> None:
    """Across rows, on an axis of rates whose limits are final."""
    for _, rate in points:
        if rate <= axes.get_xlim()[1]:
            axes.axvline(rate, **HAIR)
            foot = (rate, axes.get_ylim()[0])
            axes.annotate(WORDS, foot, (-5, 5), ha="right", **NOTE)
