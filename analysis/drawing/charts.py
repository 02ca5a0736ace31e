"""Which charts a run gives, and what they are called; drawn, they are PNG and SVG in RESULTS/charts/."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.drawing.at_rate import knee_by, latency_by_rate
from analysis.drawing.balance import balance
from analysis.drawing.closed import cpu_per_request, latency_by_clients, throughput_by
from analysis.drawing.crossovers import crossovers_of
from analysis.drawing.distribution import latency_distribution
from analysis.drawing.fan import fan
from analysis.drawing.gate import GATES
from analysis.drawing.selection import Selection, selections
from analysis.drawing.sheet import SETTINGS, drop_others, save
from analysis.drawing.unkindness import heat_map
from analysis.judging.balance import balances, shared
from analysis.judging.crossovers import by_group, passings
from analysis.judging.unkindness import unkindness
from analysis.records.points import SWEPT
from analysis.records.reading import Results
from axes import AXES

FANNED = 2  # a company of one size beside none is in the heat map


def draw(results: Results, cells: pd.DataFrame) -> list[Path]:
    """Draw every chart that the results give; the paths written. OSError."""
    folder = results.folder / "charts"
    folder.mkdir(exist_ok=True)
    drawn = [path for name, figure in figures(results, cells) for path in save(figure, folder / name)]
    drop_others(set(folder.iterdir()) - set(folder.glob(GATES)), drawn)
    return drawn


def figures(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, Figure]]:
    """File name (without ending) and figure of each chart."""
    return ((name, drawn()) for name, drawn in planned(results, cells))


def planned(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """File name (without ending) of each chart, and what draws it."""
    for name, chart, selection in _charts(results, cells):
        yield name, rc_context(SETTINGS)(partial(chart, selection))


def _charts(results: Results, cells: pd.DataFrame) -> Iterator[tuple[str, Callable[[Selection], Figure], Selection]]:
    for suffix, selection in selections(results, cells, "closed"):
        for axis in SWEPT:
            for more, part in selection.sweeps(axis):
                if axis == "clients":
                    yield f"throughput_vs_clients{suffix}{more}", throughput_by("clients"), part
                    yield f"latency_vs_clients{suffix}{more}", latency_by_clients, part
                elif len(part.points(axis)) > 1:  # a single value is in the chart of clients
                    yield f"throughput_vs_{AXES[axis].stem}{suffix}{more}", throughput_by(axis), part
                    if axis == "company_size" and len(part.points(axis)) > FANNED:
                        yield f"fan{suffix}{more}", fan, part
        yield f"latency_distribution{suffix}", latency_distribution, selection.typical()
        yield f"cpu_per_request{suffix}", cpu_per_request, selection.typical()
    for place, found in enumerate(by_group(passings(results, cells))):
        yield f"crossovers{f'-{place + 1}' * bool(place)}", crossovers_of(found), Selection(results, cells)
    for place, unkind in enumerate(unkindness(cells)):
        yield f"unkindness{f'-{place + 1}' * bool(place)}", heat_map(unkind), Selection(results, cells)
    among = balances(results)
    for suffix, selection in selections(results, cells, "closed") if among else ():
        for more, part in selection.sweeps("clients"):
            if shared(part.measured, among).any():
                yield f"balance{suffix}{more}", partial(balance, found=among), part
    for suffix, selection in selections(results, cells, "open"):
        for more, part in selection.points_alone():
            yield f"latency_vs_rate{suffix}{more}", latency_by_rate, part
    for suffix, selection in selections(results, cells, "knee"):
        for axis in SWEPT:
            along = "" if axis == "clients" else f"_vs_{AXES[axis].stem}"
            for more, part in selection.sweeps(axis):
                if axis == "clients" or len(part.points(axis)) > 1:
                    yield f"knee{along}{suffix}{more}", knee_by(axis), part
