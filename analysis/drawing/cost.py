"""Cost and latency at the same offered rates: a row a strategy, its CPU time a request beside its mean latency.

A marker is a rate, the fainter the lower. Rates that nobody has to struggle for hide nothing: who is asked seldom
wakes for each request, and pays for that alone.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis import units
from analysis.drawing.finish import caption, finish
from analysis.drawing.looks import GRID, INK
from analysis.drawing.parts import marker, span, time_axis
from analysis.drawing.selection import Selection, ends_of, is_hollow
from analysis.drawing.sheet import area, sheet
from analysis.judging.at_rate import COST, LATENCY
from analysis.records.points import label

PLACES = ((0.15, 0.215, 0.375, 0.585), (0.56, 0.215, 0.415, 0.585))
TITLES = {COST: "server CPU time a request", LATENCY: "mean latency, from the intended start"}
FAINTEST = 0.35
STEP = 0.5  # of a row, that the rates of a strategy are spread over


def cost_and_latency(selection: Selection) -> Figure:
    """The chart of an open loop's cells that differ in strategy and rate alone."""
    figure = sheet("Cost and latency at the same rate", selection.what("rate"), selection.entries)
    known = selection.measured
    rates = sorted(known["offered_rps"].groupby(known["rate"]).mean().items(), key=lambda pair: pair[1])
    at_most = known[known["rate"] == rates[-1][0]].sort_values(COST)
    order = list(dict.fromkeys([*map(label, _rows(at_most)), *map(label, _rows(known))]))
    both = [area(figure, place) for place in PLACES]
    for axes, name in zip(both, TITLES, strict=True):
        axes.set_xscale("log")
        axes.set_xlim(span(known, (name,)))
        axes.set_ylim(len(order) - 0.4, -0.6)
        for place, (rate, _) in enumerate(rates):
            alpha = FAINTEST + (1 - FAINTEST) * (place + 1) / len(rates)
            aside = STEP * ((place + 0.5) / len(rates) - 0.5)
            for cell in _rows(known[known["rate"] == rate]):
                _point(axes, selection, cell, name, order.index(label(cell)) + aside, alpha)
        _dress(axes, order if axes is both[0] else [""] * len(order), TITLES[name])
    said = ", ".join(units.short(rate) for _, rate in rates)
    reading = f"{caption(selection)}; from faint to full: {said} requests/s offered"
    return finish(figure, selection, selection.having(LATENCY), LATENCY, reading)


def _rows(cells: pd.DataFrame) -> list[pd.Series]:
    return [cell for _, cell in cells.iterrows()]


def _point(axes: Axes, selection: Selection, cell: pd.Series, name: str, row: float, alpha: float) -> None:
    if pd.isna(cell[name]):
        return
    style = selection.look(cell)
    low, high = cell[ends_of(name)]
    if pd.notna(low):
        axes.plot((low, high), (row, row), color=style.colour, lw=1.5, alpha=alpha, solid_capstyle="butt")
    marker(axes, cell[name], row, style, hollow=is_hollow(cell, name), size=6.5)
    axes.lines[-1].set_alpha(alpha)


def _dress(axes: Axes, names: list[str], title: str) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelsize=min(12.0, 12 * 18 / max(1, *map(len, names))))
    axes.spines["left"].set_visible(False)
    time_axis(axes, "x")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: units.tick(value)))
    axes.grid(axis="x", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", size=12.5, color=INK, pad=8)
