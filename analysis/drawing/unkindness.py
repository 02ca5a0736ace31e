"""A heat map: strategies by who else is there, the polite clients' p99 by that without company."""

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import axes
from analysis.drawing.looks import FAINT, INK
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, foot, sheet
from analysis.drawing.squares import heading, heat, interval, said
from analysis.judging.unkindness import P99, VARIED, Square, Unkindness

PLACE = (0.16, 0.215, 0.8, 0.575)
WORSE, BETTER = (0.835, 0.369, 0.0), (0.0, 0.447, 0.698)  # vermilion and blue, as Okabe and Ito chose them
READING = (
    "a square: the polite clients' p99 by that of a neighbour without company, with its 95 % interval over blocks; "
    "faint: not told apart from 1; ?: one of the two is doubtful"
)


def heat_map(found: Unkindness) -> Callable[[Selection], Figure]:
    """The chart of one of them."""
    return lambda selection: _chart(selection, found)


def _chart(selection: Selection, found: Unkindness) -> Figure:
    names, kinds, results = found.names, found.kinds, selection.results
    alike = axes.description(found.cells.iloc[0], results.usual, but=VARIED)
    figure = sheet("Who lets polite clients wait for unkind ones", alike, len(names) * 2)
    plot = area(figure, PLACE)
    plot.set_xlim(0, len(kinds))
    plot.set_ylim(len(names), 0)
    size = min(12.0, 150 / len(names), 110 / len(kinds))
    for (name, kind), square in found.squares[P99].items():
        _draw(plot, (kinds.index(kind), names.index(name)), square, size)
    plot.set_xticks([column + 0.5 for column in range(len(kinds))], [heading(kind) for kind in kinds])
    plot.set_yticks([row + 0.5 for row in range(len(names))], names)
    plot.tick_params(length=0, labelsize=min(11.5, 130 / len(kinds)))
    plot.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False)
    for spine in plot.spines.values():
        spine.set_visible(False)
    blocks = results.windows.groupby("block").size().size
    rounds = results.windows.groupby("block")["round"].nunique()
    foot(figure, results.run, [blocks], list(rounds), results.notes, READING)
    return figure


def _draw(plot: Axes, place: tuple[int, int], square: Square, size: float) -> None:
    plot.add_patch(Rectangle(place, 1, 1, facecolor=_colour(square), edgecolor="white", lw=2))
    middle, between = (place[0] + 0.5, place[1] + 0.5), interval(square)
    ink = INK if square.is_shown or square.why_not else FAINT
    for text, up, points, colour in ((said(square), 0.45, size, ink), (between, -0.7, 0.72 * size, FAINT)):
        plot.annotate(text, middle, (0, up * size * bool(between)), textcoords="offset points", ha="center",
                      va="center", size=points, color=colour)  # fmt: skip


def _colour(square: Square) -> tuple[float, ...] | str:
    if square.why_not:
        return "#EEEEEE"
    warm = heat(square)
    return tuple(1 + (part - 1) * 0.9 * abs(warm) for part in (WORSE if warm > 0 else BETTER))
