"""The charts of a run, as PNG and SVG in RESULTS/charts/.

What was measured at several client counts or sizes becomes a line chart; a single point becomes sorted rows.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from analysis import units
from analysis.cells import TIMES_P99, tabulate
from analysis.command import main
from analysis.labels import End, label_ends
from analysis.load import CELL_KEYS, Results, load
from analysis.marks import beside, half_width, marker, point, rows, span, sweep, time_axis
from analysis.pages import Page, is_starved, pages, served
from analysis.sheet import SETTINGS, foot, key, save, sheet
from analysis.statistics import BEYOND, distribution, merged
from analysis.style import GRID, INK, dash, look

WIDE = (0.085, 0.215, 0.65, 0.62)  # room for labels on the right
ROWS = (0.15, 0.215, 0.62, 0.625)  # room for names on the left
TIME = "time from request to reply"


def draw(results: Path) -> list[Path]:
    """Draw every chart that the results give; the paths written. ResultsError, OSError."""
    found = load(results)
    folder = found.folder / "charts"
    folder.mkdir(exist_ok=True)
    return [path for name, figure in figures(found) for path in save(figure, folder / name)]


def figures(results: Results) -> Iterator[tuple[str, Figure]]:
    """File name (without ending) and figure of each chart."""
    sweeps = (
        ("throughput_vs_clients", "clients", throughput_by_clients),
        ("latency_vs_clients", "clients", latency_by_clients),
        ("throughput_vs_size", "message_size", throughput_by_size),
    )
    for suffix, page in pages(results, tabulate(results)):
        charts = [(name + suffix + more, chart, part)
                  for name, axis, chart in sweeps for more, part in page.sweeps(axis)]  # fmt: skip
        charts.append((f"latency_distribution{suffix}", latency_distribution, page.typical()))
        charts.append((f"cpu_per_request{suffix}", cpu_per_request, page.typical()))
        for name, chart, part in charts:
            with rc_context(SETTINGS):
                figure = chart(part)
            yield name, figure


def throughput_by_clients(page: Page) -> Figure:
    """Correct replies per second over the number of clients."""
    if len(page.points("clients")) < 2:
        return _throughput_rows(page, "throughput_rps", "correct replies per second", "")
    figure = sheet("Throughput by number of clients", page.what("clients"))
    axes = figure.add_axes(WIDE)
    sweep(axes, page, "clients", "throughput_rps", _rate, 11.5)
    axes.set(xlabel="clients", ylabel="correct replies per second")
    return _finish(figure, page, page.having("throughput_rps"))


def throughput_by_size(page: Page) -> Figure:
    """Correct replies per second over the message size."""
    if len(page.points("message_size")) < 2:
        return _throughput_rows(page, "throughput_mib_s", "payload in one direction, MiB per second", " MiB/s")
    figure = sheet("Throughput by message size", page.what("message_size"))
    axes = figure.add_axes(WIDE)
    sweep(axes, page, "message_size", "throughput_rps", _rate_and_payload, 11.5)
    axes.set(xlabel="message size", ylabel="correct replies per second")
    return _finish(figure, page, page.having("throughput_rps"))


def _throughput_rows(page: Page, name: str, unit: str, short_unit: str) -> Figure:
    figure = sheet("Throughput", page.what())
    shown = page.having("throughput_rps").sort_values("throughput_rps")
    if name == "throughput_mib_s":
        for end in ("low", "high"):
            shown[f"{name}_{end}"] = shown[f"throughput_rps_{end}"] * shown["message_size"].astype(float) / (1 << 20)
    axes = figure.add_axes(ROWS)
    rows(axes, shown)
    axes.set_xlim(0, span(shown, (name,))[1])
    for row, (_, cell) in enumerate(shown.iterrows()):
        colour = look(cell["strategy"], cell["variant"]).colour
        axes.plot(
            [0, cell[name]],
            [row, row],
            color=colour,
            lw=1.3,
            alpha=0.55,
            ls=dash(page.is_chapter(cell["strategy"])),
        )
        point(axes, cell, name, row, upright=False)
        text = units.short(cell[name]) + short_unit + half_width(cell, name)
        beside(axes, cell, row, (name, f"{name}_high"), text)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_xlabel(unit)
    return _finish(figure, page, shown)


def latency_by_clients(page: Page) -> Figure:
    """Median and 99th percentile over the number of clients, on one scale."""
    if len(page.points("clients")) < 2:
        return _latency_rows(page)
    figure = sheet("Latency by number of clients: median and 99th percentile", page.what("clients"))
    limits = span(page.measured, ("p50_us", "p99_us"))
    titles = {"p50_us": "p50: half are slower", "p99_us": "p99: 1 in 100 is slower"}
    both = [figure.add_axes((left, 0.215, 0.235, 0.575)) for left in (0.08, 0.553)]
    for axes, (name, title) in zip(both, titles.items(), strict=True):

        def words(cell: pd.Series, name: str = name) -> str:
            return served(cell) or units.duration(cell[name])

        sweep(axes, page, "clients", name, words, 10, limits)
        time_axis(axes, "y")
        axes.set_title(title, loc="left", size=13, color=INK, pad=10)
        axes.set_xlabel("clients")
    both[0].set_ylabel(TIME)
    return _finish(figure, page, page.having("p99_us"))


def _latency_rows(page: Page) -> Figure:
    figure = sheet("Latency: median and 99th percentile", page.what())
    shown = page.having("p50_us").sort_values("p50_us", ascending=False)
    axes = figure.add_axes(ROWS)
    rows(axes, shown)
    axes.set_xscale("log")
    axes.set_xlim(span(shown, ("p50_us", "p99_us")))
    for row, (_, cell) in enumerate(shown.iterrows()):
        colour = look(cell["strategy"], cell["variant"]).colour
        ends = [cell["p50_us"], cell["p99_us"]]
        axes.plot(ends, [row, row], color=colour, lw=1.3, alpha=0.55, ls=dash(page.is_chapter(cell["strategy"])))
        point(axes, cell, "p50_us", row, upright=False)
        point(axes, cell, "p99_us", row, upright=False, symbol="|")
        p99 = "no p99" if pd.isna(ends[1]) else units.duration(ends[1])
        text = f"{units.duration(ends[0])}, p99 {p99}"
        beside(axes, cell, row, ("p50_us", "p50_us_high", "p99_us", "p99_us_high"), text)
    time_axis(axes, "x")
    axes.set_xlabel(f"{TIME}: marker p50, stroke p99")
    return _finish(figure, page, shown)


def latency_distribution(page: Page) -> Figure:
    """Latency over the share of requests that are slower, both logarithmic: the tail at its full length."""
    figure = sheet("Latency distribution: how slow are the slowest?", page.what())
    axes = figure.add_axes((WIDE[0], 0.235, WIDE[2], 0.6))
    ends, shown = [], []
    for name, style, chapter, part in page.lines():
        cell = part.iloc[0]
        one_in, latency = _tail(page.results.windows, cell)
        if not len(latency):
            continue
        hollow = is_starved(cell)
        axes.plot(one_in, latency, color=style.colour, ls=dash(chapter), lw=1.6)
        for share in (2, 10, 100, 1_000):
            if share <= one_in[-1]:
                marker(axes, share, float(np.interp(share, one_in, latency)), style, hollow=hollow)
        words = f"1 in {units.short(one_in[-1])} over {units.duration(latency[-1])}"
        words = f"{served(cell)} served" if hollow else words
        ends.append(End(one_in[-1], latency[-1], name, words, style, hollow))
        shown.append(cell.name)
    axes.set_xscale("log")
    axes.set_yscale("log")
    if ends:
        axes.set_xlim(1.7, max(end.x for end in ends) * 1.15)
        axes.margins(y=0.03)
    _share_axis(axes)
    time_axis(axes, "y")
    axes.grid(color=GRID, lw=0.8)
    axes.set(xlabel="percentile, and share of requests that are slower", ylabel=TIME)
    label_ends(axes, ends, 11)
    reading = f"requests of all blocks together, a line ends where fewer than {BEYOND} are slower"
    return _finish(figure, page, page.cells.loc[shown], reading)


def _tail(windows: pd.DataFrame, cell: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One in how many requests is slower, and than what (µs): from the median to where the data end."""
    wanted = cell[CELL_KEYS].fillna(0)
    mine = windows[(windows[CELL_KEYS] == wanted).all(axis=1)]
    values, counts = distribution(merged(mine["latency_hdr"]))
    open_ = int(mine["unfinished"].sum())
    total = counts.sum() + open_
    slower = total - np.cumsum(counts)
    # a window cannot tell latencies that are long beside it: the same rule as for the p99 in cells.csv
    kept = (slower >= BEYOND) & (values <= mine["counted_s"].median() * 1e9 / TIMES_P99)
    kept &= slower <= 0.58 * total
    return total / slower[kept], values[kept] / 1e3


def _share_axis(axes: Axes) -> None:
    names = {2: "p50", 10: "p90", 100: "p99", 1_000: "p99.9", 10_000: "p99.99", 100_000: "p99.999"}
    axes.xaxis.set_major_locator(FixedLocator(list(names)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{names[round(share)]}\n1 in {share:,.0f}"))


def cpu_per_request(page: Page) -> Figure:
    """CPU time of the server's process tree per correct reply, the least on top."""
    name = "server_cpu_us_per_request"
    figure = sheet("Server CPU time per request", page.what())
    shown = page.having(name).sort_values(name, ascending=False)
    axes = figure.add_axes(ROWS)
    rows(axes, shown)
    axes.set_xlim(0, span(shown, (name,))[1])
    for row, (_, cell) in enumerate(shown.iterrows()):
        colour = look(cell["strategy"], cell["variant"]).colour
        chapter = page.is_chapter(cell["strategy"])
        face = "white" if is_starved(cell) else colour + ("55" if chapter else "CC")
        axes.barh(row, cell[name], height=0.62, facecolor=face, edgecolor=colour, lw=1.5, ls=dash(chapter))
        if pd.notna(cell[f"{name}_low"]):
            bar = [[cell[name] - cell[f"{name}_low"]], [cell[f"{name}_high"] - cell[name]]]
            axes.errorbar(cell[name], row, xerr=bar, ecolor=INK, elinewidth=1.3, capsize=3.5, fmt="none")
        beside(axes, cell, row, (name, f"{name}_high"), units.duration(cell[name]) + half_width(cell, name))
    axes.set_xlabel("µs of CPU per correct reply: user and system time of the whole process tree")
    return _finish(figure, page, shown)


def _finish(
    figure: Figure, page: Page, shown: pd.DataFrame, spread: str = "bars: 95 % intervals over blocks"
) -> Figure:
    blocks = int(page.measured["blocks"].max())
    rounds = int(np.ceil((page.measured["windows"] / page.measured["blocks"]).max()))
    key(figure, starved=bool((shown["starved"] > 0).any()))
    foot(figure, page.results.run, blocks, rounds, page.notes(shown), spread)
    return figure


def _rate(cell: pd.Series) -> str:
    if served(cell):
        return f"{served(cell)} served"
    return units.short(cell["throughput_rps"]) + half_width(cell, "throughput_rps")


def _rate_and_payload(cell: pd.Series) -> str:
    if served(cell):
        return f"{served(cell)} served"
    return f"{units.short(cell['throughput_rps'])}, {units.short(cell['throughput_mib_s'])} MiB/s"


if __name__ == "__main__":
    sys.exit(main("python -m analysis.charts", "draw RESULTS/charts/ again", draw))
