"""A chart of where strategies pass each other: a row a pair, its crossover with its interval, the earliest on top."""

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis.drawing.looks import FAINT, GRID, INK, look
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, foot, sheet
from analysis.judging.crossovers import Passing
from analysis.records.reading import Results
from axes import AXES

PLACE = (0.3, 0.215, 0.5, 0.625)
READING = "a line: where a test would not tell the two apart (95 %); an arrow: it has no end among the values measured"


def crossovers_of(found: Sequence[Passing]) -> Callable[[Selection], Figure]:
    """The chart of the crossovers of a group."""
    return lambda selection: _chart(selection.results, found)


def _chart(results: Results, found: Sequence[Passing]) -> Figure:
    axis = AXES[found[0].axis]
    figure = sheet(f"Who passes whom along the {axis.title}", found[0].group, len(found))
    axes = area(figure, PLACE)
    values = sorted({value for one in found for value in one.values})
    low, high = values[0], values[-1]
    axes.set_xscale("log")
    axes.set_xlim(low * (low / high) ** 0.03, high * (high / low) ** 0.03)
    axes.set_ylim(len(found) - 0.3, -0.7)
    for row, one in enumerate(found):
        colour = look(results.run, *_parts(one.second)).colour
        ends = (max(one.at.low, one.values[0]), min(one.at.high, one.values[-1]))
        axes.plot(ends, (row, row), color=colour, lw=2.2, solid_capstyle="butt")
        for end, is_open, symbol in ((ends[0], one.at.low <= 0, "<"), (ends[1], one.at.high == float("inf"), ">")):
            axes.plot(end, row, symbol if is_open else "|", color=colour, ms=8, mew=2.2)
        axes.plot(one.at.value, row, "o", color=colour, ms=7)
        axes.annotate(one.where, (1.02, row), xycoords=("axes fraction", "data"), va="center", size=10.5, color=INK)
    names = [f"{one.second} passes {one.first}" for one in found]
    axes.set_yticks(range(len(found)), names)
    axes.tick_params(axis="y", length=0, labelsize=10.5)
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: axis.write(value)))
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(axis.title, color=FAINT)
    blocks = results.windows.groupby("block").size().size
    rounds = results.windows.groupby("block")["round"].nunique()
    foot(figure, results.run, [blocks], list(rounds), results.notes, READING)
    return figure


def _parts(name: str) -> tuple[str, str]:
    """Strategy and variant."""
    strategy, _, variant = name.partition("@")
    return strategy, variant
