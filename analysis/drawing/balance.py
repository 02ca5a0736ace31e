"""Who got the connections: each strategy's requests by worker, the crowds side by side.

A bar is all of a strategy's requests, divided among its workers, from the one that answered most. Below it are ticks
where equal shares would end.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from analysis.drawing.finish import finish
from analysis.drawing.looks import FAINT, INK
from analysis.drawing.selection import Selection
from analysis.drawing.sheet import area, sheet
from analysis.judging.balance import Balance, Balances, shared
from analysis.records.points import key_of, label
from axes import AXES

PLACE = (0.16, 0.215, 0.815, 0.585)  # left, bottom, width, height of all panels together
GAP, WORDS = 0.012, 0.17  # between panels, and of a panel for what is said beside a bar
MOST_PANELS = 4
HEIGHT = 0.56  # of a row
LIGHTEST = 0.72  # how far the last worker's shade is on its way to white
TICKED = 8  # workers at most that have ticks of equal shares
READING = (
    "a bar: all requests, by worker, from the one that answered most (mean of the blocks); ticks: where equal shares "
    "end; beside it the coefficient of variation between workers"
)


def balance(selection: Selection, found: Balances) -> Figure:
    """The chart of the cells of a selection that have one; a panel for each crowd, the largest ones."""
    known = Selection(selection.results, selection.cells[shared(selection.cells, found)])
    crowds = known.points("clients")[-MOST_PANELS:]
    figure = sheet("Balance: requests by worker", selection.what("clients"), known.entries)
    names = list(dict.fromkeys(label(cell) for _, cell in known.cells.iterrows()))
    left, bottom, width, height = PLACE
    each = (width - GAP * (len(crowds) - 1)) / len(crowds)
    for number, clients in enumerate(crowds):
        axes = area(figure, (left + number * (each + GAP), bottom, each, height))
        here = known.cells[known.cells["clients"] == clients]
        _panel(axes, known, here, names, found, is_first=not number)
        axes.set_title(AXES["clients"].say(clients), loc="left", size=12.5, color=INK, pad=8)
    return finish(figure, known, known.having("throughput_rps"), "throughput_rps", READING, has_points=False)


def _panel(
    axes: Axes, selection: Selection, cells: pd.DataFrame, names: list[str], found: Balances, is_first: bool
) -> None:
    for _, cell in cells.iterrows():
        row = names.index(label(cell))
        _bar(axes, row, found[key_of(cell)], selection.look(cell).colour)
    axes.set_xlim(0, 1 / (1 - WORDS))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
    size = min(12, 12 * 18 / max(map(len, names)))
    axes.set_yticks(range(len(names)), names if is_first else [""] * len(names))
    axes.tick_params(axis="y", length=0, labelsize=size)
    axes.tick_params(axis="x", labelsize=10)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _bar(axes: Axes, row: int, balance: Balance, colour: str) -> None:
    workers = balance.by_worker
    begin = 0.0
    for place, worker in enumerate(workers):
        shade = LIGHTEST * place / max(1, len(workers) - 1)
        filled = tuple(part + (1 - part) * shade for part in to_rgb(colour))
        axes.barh(row, worker.share.value, HEIGHT, begin, color=filled, edgecolor="white", linewidth=0.7)
        begin += worker.share.value
    if len(workers) <= TICKED:
        ends = np.arange(1, len(workers)) / len(workers)
        below = row + HEIGHT / 2
        axes.vlines(ends, below + 0.03, below + 0.13, color=FAINT, lw=1.1)
    axes.text(1.02, row, f"{balance.requests_cv.value * 100:.0f} %", va="center", size=11, color=INK)
