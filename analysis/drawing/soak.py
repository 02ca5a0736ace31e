"""The chart of a soak: latency, memory, CPU and errors against time, one above the other."""

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from analysis import units
from analysis.drawing.looks import FAINT, GRID, INK, look
from analysis.drawing.sheet import SETTINGS, area, foot, sheet
from analysis.judging.soak import Course, Findings, course, findings
from analysis.records.points import label, title
from analysis.records.reading import Results

NAME = "soak"
LEFT, WIDTH = 0.09, 0.84
READING = "a point a second; shaded: a stall; latency from the instant at which a request was meant to start"


def figure(results: Results) -> Figure:
    """The chart of a run that is a soak."""
    seen = course(results)
    with rc_context(SETTINGS):
        if seen is None:
            return sheet("A soak of which nothing was recorded", "")
        return _chart(results, seen, findings(results, seen))


def _chart(results: Results, seen: Course, found: Findings) -> Figure:
    cell = results.windows.iloc[0]
    drawn = sheet(f"A soak of {label(cell)}", title(results.windows.head(1), results.usual, in_full=True))
    colour = look(results.run, str(cell["strategy"]), str(cell["variant"])).colour
    latency, memory, cpu, errors = (
        area(drawn, (LEFT, bottom, WIDTH, height))
        for bottom, height in ((0.585, 0.26), (0.43, 0.115), (0.29, 0.1), (0.165, 0.085))
    )
    at = seen.at_s
    for values, shade, name in (
        (seen.longest_us, 0.35, "slowest"),
        (seen.percentile_us(0.99), 0.65, "p99"),
        (seen.percentile_us(0.5), 1.0, "p50"),
    ):
        latency.plot(at, values, color=colour, alpha=shade, lw=1.3)
        known = np.flatnonzero(np.isfinite(values))
        if known.size:
            latency.annotate(name, (at[known[-1]], values[known[-1]]), (6, 0), textcoords="offset points", size=10,
                             color=INK, va="center")  # fmt: skip
    latency.set_yscale("log")
    latency.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.tick(value)))
    memory.plot(at, seen.memory_mib, color=colour, lw=1.3)
    looked = np.isfinite(seen.cpu_share)
    cpu.plot(at[looked], seen.cpu_share[looked] * 100, color=colour, lw=1.1)
    errors.bar(at, seen.unanswered, width=1.0, color=colour)
    if not seen.unanswered.any():
        errors.set_ylim(0, 1)
    for axes, name in ((latency, "latency"), (memory, "memory, MiB"), (cpu, "CPU, %"), (errors, "unanswered")):
        _frame(axes, name, is_last=axes is errors)
        axes.set_xlim(at[0], at[-1] + max(1.0, 0.03 * (at[-1] - at[0])))
        for stall in found.stalls:
            axes.axvspan(stall.at_s - 0.5, stall.at_s + stall.seconds - 0.5, color=FAINT, alpha=0.25, lw=0)
    foot(drawn, results.run, [1], [len(results.windows)], results.notes, READING)
    return drawn


def _frame(axes: Axes, name: str, is_last: bool) -> None:
    axes.set_ylabel(name, size=10.5, color=INK)
    axes.grid(color=GRID, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9.5, labelbottom=is_last)
    axes.margins(y=0.12)
    if is_last:
        axes.set_xlabel("seconds", size=10.5, color=FAINT)
