"""A chart of a claim: its verdict, each rule's figure by its threshold, and where it is along an axis."""

import textwrap
from collections.abc import Callable
from math import log

from matplotlib.axes import Axes as Area
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from analysis.claims import words
from analysis.claims.decision import Ruling
from analysis.claims.picture import Line, Place, lines, placed, ratio, reach
from analysis.claims.verdicts import Verdict
from analysis.drawing.looks import FAINT, GRID, INK
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, foot, sheet
from analysis.records.reading import Results
from axes import AXES

COLOURS = {"better": "#0b57a4", "worse": "#b34700", "hollow": "#6B6B6B"}
OUTCOMES = {Ruling.HOLDS: COLOURS["better"], Ruling.REFUTED: COLOURS["worse"]}
ENDS = {-1: "<", 0: "o", 1: ">"}  # a figure beyond the picture
FEW = 4  # rows that have room for two lines each
FOREST, CURVES = (0.33, 0.24, 0.38, 0.54), (0.33, 0.2, 0.38, 0.28)
BESIDE = (0.33, 0.56, 0.38, 0.24)  # the forest, where curves are below it
READING = (
    "each figure by its threshold, which is the line at 1; shaded: the claim's side; intervals of 95 % over blocks; "
    "arrow: beyond"
)


def claim_of(verdict: Verdict) -> Callable[[Selection], Figure]:
    """The chart of a claim."""
    return lambda selection: _chart(selection.results, verdict)


def has_picture(verdict: Verdict) -> bool:
    """Whether anything was found that can be drawn."""
    return bool(placed(verdict))


def _chart(results: Results, verdict: Verdict) -> Figure:
    found, curves = placed(verdict), lines(verdict)
    title, _, more = words.verdict(verdict).partition(": ")
    figure = sheet(title, str(verdict.claim["text"]))
    figure.texts[0].set_color(OUTCOMES.get(verdict.outcome, INK))
    figure.text(0.035, 0.87, more, size=11, color=FAINT, va="center")
    _forest(area(figure, BESIDE if curves else FOREST), found, reach(verdict.rules))
    if curves:
        _curves(area(figure, CURVES), curves)
    blocks = results.windows.groupby("block").size().size or 1
    rounds = results.windows.groupby("block")["round"].nunique()
    foot(figure, results.run, [blocks], list(rounds) or [0], results.notes, READING)
    return figure


def _forest(axes: Area, found: list[Place], far: float) -> None:
    """A row a rule."""
    axes.set_xlim(-far, far)
    axes.set_ylim(max(len(found), 2) - 0.4, -0.6)
    for row, place in enumerate(found):
        axes.fill_between((0, place.side * far), row - 0.42, row + 0.42, color=GRID, lw=0, zorder=0)
        colour = COLOURS[place.looks]
        axes.plot((place.low, place.high), (row, row), color=colour, lw=2.4, solid_capstyle="butt")
        face = "white" if place.looks == "hollow" else colour
        axes.plot(place.at, row, ENDS[place.beyond], color=colour, mfc=face, ms=8, mew=2, clip_on=False, zorder=3)
        between, size = ("\nclaimed: ", 9.5) if len(found) <= FEW else ("; claimed: ", 8)
        told = words.found(place.rule) + between + words.claimed(place.rule)
        axes.annotate(told, (1.02, row), xycoords=("axes fraction", "data"), va="center", size=size, color=INK)
    axes.axvline(0, color=INK, lw=1)
    axes.set_yticks(range(len(found)), [textwrap.fill(words.subject(place.rule), 52) for place in found])
    axes.tick_params(axis="y", length=0, labelsize=10)
    axes.spines["left"].set_visible(False)
    near = (0.5, 0.8, 1, 1.25, 2) if far < log(4) else (1 / 30, 0.1, 0.25, 0.5, 1, 2, 4, 10, 30)
    places = [place for place in near if abs(log(place)) <= far]
    axes.xaxis.set_major_locator(FixedLocator([log(place) for place in places]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: f"{ratio(place):.2g}"))


def _curves(axes: Area, found: list[Line]) -> None:
    """A line a rule, along its axis; the place of a crossover shaded."""
    axis = AXES[found[0].rule.rule["axis"]]
    alike = [line for line in found if line.rule.rule["axis"] == axis.name]
    values = sorted({value for line in alike for value, _ in line.points})
    for number, line in enumerate(alike):
        colour = f"C{number}"
        xs = [value for value, _ in line.points]
        axes.plot(xs, [at.value for _, at in line.points], "o-", color=colour, ms=5, lw=1.8,
                  label=textwrap.fill(words.subject(line.rule), 28))  # fmt: skip
        axes.fill_between(xs, [at.low for _, at in line.points], [at.high for _, at in line.points], color=colour,
                          alpha=0.15, lw=0)  # fmt: skip
        if line.crossover.is_told:
            ends = max(line.crossover.low, values[0]), min(line.crossover.high, values[-1])
            axes.axvspan(*ends, color=colour, alpha=0.12, lw=0)
    axes.axhline(1, color=INK, lw=1)
    axes.set_yscale("log")
    if values[0] > 0:
        axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5), numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: axis.write(round(value))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2g}"))
    axes.grid(color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(axis.title, color=FAINT)
    axes.set_ylabel("by the threshold", color=FAINT, size=10)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9.5)
