"""Charts of loads with a rate of their own: latency over the rate, and the knee."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from analysis import units
from analysis.drawing.finish import caption, finish
from analysis.drawing.line_ends import End, label_ends
from analysis.drawing.looks import GRID, INK, dash
from analysis.drawing.parts import ROWS, WIDE, in_rows, point, span, sweep, time_axis
from analysis.drawing.selection import LOG_FROM, Selection, is_hollow, plus_minus
from analysis.drawing.sheet import area, sheet
from analysis.judging.served import served
from analysis.judging.verdict import ACHIEVED
from axes import AXES

FROM_START = "time from the intended start to the reply"


def latency_by_rate(selection: Selection) -> Figure:
    """Median and 99th percentile from the intended start, over the rate that was achieved."""
    figure = sheet("Latency by rate: median and 99th percentile", selection.what(), selection.entries)
    limits = span(selection.measured, ("p50_us", "p99_us"))
    titles = {"p50_us": "p50: half are slower", "p99_us": "p99: 1 in 100 is slower"}
    both = [area(figure, (left, 0.215, 0.235, 0.575)) for left in (0.08, 0.553)]
    for axes, (name, title) in zip(both, titles.items(), strict=True):
        axes.set_yscale("log")
        axes.set_ylim(*limits)
        time_axis(axes, "y")
        _rate_axis(axes, selection.measured)
        axes.grid(color=GRID, lw=0.8)
        axes.set_title(title, loc="left", size=13, color=INK, pad=10)
        axes.set_xlabel("correct replies per second")
        label_ends(axes, _lines(axes, selection, name), 10)
    both[0].set_ylabel(FROM_START)
    reading = f"{caption(selection)}; a tick on a dotted line: the rate offered, not achieved"
    return finish(figure, selection, selection.having("p99_us"), "p99_us", reading)


def _lines(axes: Axes, selection: Selection, name: str) -> list[End]:
    ends = []
    for label, style, chapter, part in selection.lines():
        part = part[part[name].notna()].sort_values("offered_rps")
        if part.empty:
            continue
        axes.plot(part["throughput_rps"], part[name], color=style.colour, ls=dash(chapter), lw=1.7)
        for _, cell in part.iterrows():
            point(axes, cell, name, cell["throughput_rps"], style, upright=True)
            if cell["throughput_rps"] < ACHIEVED * cell["offered_rps"]:
                asked = [cell["throughput_rps"], cell["offered_rps"]]
                axes.plot(asked, [cell[name]] * 2, color=style.colour, lw=0.9, ls=":")
                axes.plot(asked[1], cell[name], ls="", marker="|", ms=11, mew=1.6, color=style.colour)
        last = part.iloc[-1]
        words = f"{served(last)} served" if served(last) else units.duration(last[name])
        words += f" at {units.short(last['throughput_rps'])}/s"
        ends.append(End(last["throughput_rps"], last[name], label, words, style, is_hollow(last, name)))
    return ends


def _rate_axis(axes: Axes, cells: pd.DataFrame) -> None:
    rates = cells[["throughput_rps", "offered_rps"]].to_numpy(float)
    rates = rates[np.isfinite(rates) & (rates > 0)]
    low, high = (float(rates.min()), float(rates.max())) if rates.size else (0.5, 1.0)
    if high > LOG_FROM * low:
        axes.set_xscale("log")
        axes.set_xlim(low * 0.8, high * 1.2)
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, high * 1.05)
        axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: units.tick_rate(rate)))


def knee_by(axis: str) -> Callable[[Selection], Figure]:
    """The chart of the highest rates with a p99 under its limit, along an axis; of a single point, in rows."""

    def chart(selection: Selection) -> Figure:
        limit_ms = selection.results.run["knee"]["p99_limit_ms"]
        title, unit = f"Knee: the highest rate with a p99 under {limit_ms:g} ms", "requests per second"
        shown = selection.having("knee_rps")
        if len(selection.points(axis)) > 1:
            figure = sheet(title, selection.what(axis), selection.entries)
            axes = area(figure, WIDE)
            sweep(axes, selection, axis, "knee_rps", _at_knee, 11.5)
            axes.set(xlabel="clients" if axis == "clients" else AXES[axis].title, ylabel=unit)
        else:
            figure = sheet(title, selection.what(), selection.entries)
            axes = area(figure, ROWS)
            in_rows(axes, selection, shown.sort_values("knee_rps"), "knee_rps", _at_knee)
            axes.set_xlabel(unit)
        return finish(figure, selection, shown, "knee_rps")

    return chart


def _at_knee(cell: pd.Series) -> str:
    p99 = "" if pd.isna(cell["p99_us"]) else f", p99 {units.duration(cell['p99_us'])}"
    return units.short(cell["knee_rps"]) + plus_minus(cell, "knee_rps") + p99
