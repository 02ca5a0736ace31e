"""A heat map: strategies by who else is there, the polite clients' p99 by that without company."""

from collections.abc import Callable
from math import log

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import axes
from analysis.drawing.looks import FAINT, INK
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, foot, sheet
from analysis.judging.unkindness import Kind, Square, Unkindness
from axes import AXES

PLACE = (0.16, 0.215, 0.8, 0.575)
BESIDE = tuple(axis.name for axis in axes.on("company"))
MOST = 10.0  # a ratio from which on all are of the same colour
WORSE, BETTER = (0.835, 0.369, 0.0), (0.0, 0.447, 0.698)  # vermilion and blue, as Okabe and Ito chose them
READING = (
    "a square: the polite clients' p99 by that of a neighbour without company, with its 95 % interval over blocks; "
    "faint: not told apart from 1; ?: one of the two is doubtful"
)


def heat_map(found: Unkindness) -> Callable[[Selection], Figure]:
    """The chart of one of them."""
    return lambda selection: _chart(selection, found)


def _chart(selection: Selection, found: Unkindness) -> Figure:
    names = list(found.squares)
    alike = axes.description(found.cells.iloc[0], selection.results.usual, but=BESIDE)
    figure = sheet("Who lets polite clients wait for unkind ones", alike, len(names) * 2)
    plot = area(figure, PLACE)
    size = min(12.0, 150 / len(names), 110 / len(found.kinds))
    for row, name in enumerate(names):
        for column, kind in enumerate(found.kinds):
            square = found.squares[name].get(kind)
            if square is None:
                continue
            plot.add_patch(Rectangle((column, row), 1, 1, facecolor=_colour(square), edgecolor="white", lw=2))
            ink = INK if square.is_shown or square.why_not else FAINT
            middle, told = (
                (column + 0.5, row + 0.5),
                ((said(square), size, ink), (interval(square), size * 0.72, FAINT)),
            )
            for up, (text, points, colour) in zip((0.45 * size, -0.7 * size), told, strict=True):
                plot.annotate(text, middle, (0, up if told[1][0] else 0), textcoords="offset points", ha="center",
                              va="center", size=points, color=colour)  # fmt: skip
    plot.set_xlim(0, len(found.kinds))
    plot.set_ylim(len(names), 0)
    plot.set_xticks([column + 0.5 for column in range(len(found.kinds))], [heading(kind) for kind in found.kinds])
    plot.set_yticks([row + 0.5 for row in range(len(names))], names)
    plot.tick_params(length=0, labelsize=min(11.5, 130 / len(found.kinds)))
    plot.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False)
    for spine in plot.spines.values():
        spine.set_visible(False)
    blocks = selection.results.windows.groupby("block").size().size
    rounds = selection.results.windows.groupby("block")["round"].nunique()
    foot(figure, selection.results.run, [blocks], list(rounds), selection.results.notes, READING)
    return figure


def heading(kind: Kind) -> str:
    """Who is there, over a column: 100 of them below."""
    who = axes.BESIDE[kind[0]].removeprefix("beside ")  # type: ignore[index]
    return f"{who}\n{AXES['company_size'].write(kind[1])}"


def said(square: Square) -> str:
    """What stands in a square."""
    if square.why_not:
        return square.why_not
    return f"\N{MULTIPLICATION SIGN} {square.p99.value:.{'2f' if square.p99.value < 10 else '0f'}}" + " ?" * bool(
        square.doubts
    )


def interval(square: Square) -> str:
    """Its interval; nothing where it has none."""
    if square.why_not or square.p99.low != square.p99.low:
        return ""
    return f"{square.p99.low:.2g} to {square.p99.high:.2g}"


def heat(square: Square) -> float:
    """How far the p99 is from that without company, from -1 (a tenth of it) to 1 (ten times); 0 where it isn't told."""
    if square.why_not or not square.p99.value > 0:
        return 0.0
    return max(-1.0, min(1.0, log(square.p99.value) / log(MOST)))


def _colour(square: Square) -> tuple[float, ...] | str:
    if square.why_not:
        return "#EEEEEE"
    warm = heat(square)
    end = WORSE if warm > 0 else BETTER
    share = 0.9 * abs(warm)
    return tuple(1 + (part - 1) * share for part in end)
