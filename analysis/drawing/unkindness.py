"""A heat map: strategies by who else is there, the polite clients' p99 by that without company."""

from collections.abc import Callable
from math import log

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import axes
from analysis.drawing.looks import FAINT, INK
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, foot, sheet
from analysis.judging.unkindness import LASTS, LONG, P99, SIZE, VARIED, Kind, Square, Unkindness

PLACE = (0.16, 0.215, 0.8, 0.575)
MOST = 10.0  # a ratio from which on all are of the same colour
WORSE, BETTER = (0.835, 0.369, 0.0), (0.0, 0.447, 0.698)  # vermilion and blue, as Okabe and Ito chose them
UNTOLD = 0.35  # of the colour, where a ratio isn't told apart from 1
BOUNDS = (0.01, 100.0)  # beyond them an interval says nothing
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


def heading(kind: Kind) -> str:
    """Who is there, over a column, and below it how many."""
    who, size = kind
    if who == LONG:
        return f"a {LONG}\n{axes.AXES[LASTS].write(size)}"
    return f"{axes.AXES['company'].say(who).removeprefix('beside ')}\n{axes.AXES[SIZE].write(size)}"


def said(square: Square) -> str:
    """What stands in a square."""
    if square.why_not:
        return square.why_not
    digits = 2 if square.ratio.value < 10 else 0
    return f"\N{MULTIPLICATION SIGN} {square.ratio.value:.{digits}f}" + " ?" * bool(square.doubts)


def interval(square: Square) -> str:
    """Its interval; nothing where it has none."""
    low, high = square.ratio.low, square.ratio.high
    if square.why_not or low != low:
        return ""
    least, most = BOUNDS
    return f"{f'{low:.2f}' if low > least else f'<{least:g}'} to {f'{high:.2f}' if high < most else f'>{most:g}'}"


def heat(square: Square) -> float:
    """How far it is from 1: from -1 (a tenth of it) to 1 (ten times); less where that isn't shown."""
    if square.why_not or not square.ratio.value > 0:
        return 0.0
    warm = max(-1.0, min(1.0, log(square.ratio.value) / log(MOST)))
    return warm if square.is_shown else UNTOLD * warm


def _colour(square: Square) -> tuple[float, ...] | str:
    if square.why_not:
        return "#EEEEEE"
    warm = heat(square)
    return tuple(1 + (part - 1) * 0.9 * abs(warm) for part in (WORSE if warm > 0 else BETTER))
