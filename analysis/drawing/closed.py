"""Charts of the closed loop: throughput, latency and its distribution, CPU time per request.

What was measured at several values of an axis becomes a line chart; a single point becomes sorted rows.
"""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from analysis import units
from analysis.drawing.ceiling import ceiling
from analysis.drawing.finish import finish
from analysis.drawing.looks import FAINT, INK, Look, dash
from analysis.drawing.parts import (
    ROWS,
    TIME,
    WIDE,
    beside,
    in_rows,
    point,
    rows,
    runs_off,
    span,
    sweep,
    time_axis,
)
from analysis.drawing.selection import Selection, ends_of, plus_minus
from analysis.drawing.sheet import area, sheet
from analysis.judging.handlers import own_cpu
from analysis.judging.served import is_starved, served
from axes import AXES


def throughput_by(axis: str) -> Callable[[Selection], Figure]:
    """The chart of correct replies per second along an axis; of a single point, in rows."""

    def chart(selection: Selection) -> Figure:
        if len(selection.points(axis)) < 2:
            return _throughput_rows(selection)
        figure = sheet(f"Throughput by {AXES[axis].title}", selection.what(axis), selection.entries)
        axes = area(figure, WIDE)
        words = _rate_and_payload if axis == "message_size" else _rate
        sweep(axes, selection, axis, "throughput_rps", words, 11.5, ceiling=ceiling(selection, axis))
        axes.set(xlabel="clients" if axis == "clients" else AXES[axis].title, ylabel="correct replies per second")
        return finish(figure, selection, selection.having("throughput_rps"), "throughput_rps")

    return chart


def _throughput_rows(selection: Selection) -> Figure:
    figure = sheet("Throughput", selection.what(), selection.entries)
    shown = selection.having("throughput_rps").sort_values("throughput_rps")
    axes = area(figure, ROWS)
    in_rows(axes, selection, shown, "throughput_rps", _rate_in_row, ceiling(selection, "clients"))
    axes.set_xlabel("correct replies per second")
    return finish(figure, selection, shown, "throughput_rps")


def latency_by_clients(selection: Selection) -> Figure:
    """Median and 99th percentile over the number of clients, on one scale."""
    if len(selection.points("clients")) < 2:
        return _latency_rows(selection)
    title = "Latency by number of clients: median and 99th percentile"
    figure = sheet(title, selection.what("clients"), selection.entries)
    low, high = span(selection.measured, ("p50_us", "p99_us"))
    if (selection.measured["starved"] > 0).any():
        low /= 2  # they are the fastest, and under them stands how many were served
    titles = {"p50_us": "p50: half are slower", "p99_us": "p99: 1 in 100 is slower"}
    both = [area(figure, (left, 0.215, 0.235, 0.575)) for left in (0.08, 0.553)]
    for axes, (name, title) in zip(both, titles.items(), strict=True):

        def words(cell: pd.Series, name: str = name) -> str:
            return served(cell) or units.duration(cell[name])

        sweep(axes, selection, "clients", name, words, 10, (low, high))
        time_axis(axes, "y")
        axes.set_title(title, loc="left", size=13, color=INK, pad=10)
        axes.set_xlabel("clients")
    both[0].set_ylabel(TIME)
    return finish(figure, selection, selection.having("p99_us"), "p99_us")


def _latency_rows(selection: Selection) -> Figure:
    figure = sheet("Latency: median and 99th percentile", selection.what(), selection.entries)
    shown = selection.having("p50_us").sort_values("p50_us", ascending=False)
    axes = area(figure, ROWS)
    rows(axes, shown)
    axes.set_xscale("log")
    axes.set_xlim(span(shown, ("p50_us", "p99_us")))
    for row, (_, cell) in enumerate(shown.iterrows()):
        style = selection.look(cell)
        ends = [cell["p50_us"], cell["p99_us"]]
        ls = dash(selection.is_chapter(cell["strategy"]))
        axes.plot(ends, [row, row], color=style.colour, lw=1.3, alpha=0.55, ls=ls)
        point(axes, cell, "p50_us", row, style, upright=False)
        point(axes, cell, "p99_us", row, style, upright=False, symbol="|")
        p99 = "no p99" if pd.isna(ends[1]) else units.duration(ends[1])
        text = f"{units.duration(ends[0])}, p99 {p99}"
        beside(axes, cell, row, [end for name in ("p50_us", "p99_us") for end in (name, ends_of(name)[1])], text)
    time_axis(axes, "x")
    axes.set_xlabel(f"{TIME}: marker p50, stroke p99")
    return finish(figure, selection, shown, "p99_us")


def cpu_per_request(selection: Selection) -> Figure:
    """CPU time of the server's process tree per correct reply, the least on top."""
    name = "server_cpu_us_per_request"
    figure = sheet("Server CPU time per request", selection.what(), selection.entries)
    shown = selection.having(name).sort_values(name, ascending=False)
    axes = area(figure, ROWS)
    rows(axes, shown)
    axes.set_xlim(0, span(shown, (name,))[1])
    for row, (_, cell) in enumerate(shown.iterrows()):
        colour = selection.look(cell).colour
        chapter = selection.is_chapter(cell["strategy"])
        face = "white" if is_starved(cell) else colour + ("55" if chapter else "CC")
        axes.barh(row, cell[name], height=0.62, facecolor=face, edgecolor=colour, lw=1.5, ls=dash(chapter))
        low, high = cell[ends_of(name)]
        if pd.notna(low):
            bar = [[cell[name] - low], [high - cell[name]]]
            axes.errorbar(cell[name], row, xerr=bar, ecolor=INK, elinewidth=1.3, capsize=3.5, fmt="none")
            runs_off(axes, (low, high), row, Look(INK, ""), upright=False)
        beside(axes, cell, row, (name, ends_of(name)[1]), units.duration(cell[name]) + plus_minus(cell, name))
    for _, own in own_cpu(shown):
        axes.axvline(own.value, color=FAINT, lw=1.0, ls=(0, (1, 1.5)), zorder=1.2)
        if own.low == own.low:
            axes.axvspan(own.low, own.high, color=FAINT, alpha=0.12, lw=0, zorder=1.1)
        axes.annotate("the handler by itself", (own.value, axes.get_ylim()[1]), (4, -2), textcoords="offset points",
                      va="top", size=9.5, color=FAINT)  # fmt: skip
    axes.set_xlabel("µs of CPU per correct reply: user and system time of the whole process tree")
    return finish(figure, selection, shown, name)


def _rate(cell: pd.Series) -> str:
    if served(cell):
        return f"{served(cell)} served"
    return units.short(cell["throughput_rps"]) + plus_minus(cell, "throughput_rps")


def _rate_in_row(cell: pd.Series) -> str:
    return units.short(cell["throughput_rps"]) + plus_minus(cell, "throughput_rps")


def _rate_and_payload(cell: pd.Series) -> str:
    if served(cell):
        return f"{served(cell)} served"
    return f"{units.short(cell['throughput_rps'])}, {units.short(cell['throughput_mib_s'])} MiB/s"
