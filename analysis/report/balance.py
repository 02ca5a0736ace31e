"""Who got the connections, on the page: a row a strategy, a bar for each crowd, and what they say in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.drawing.selection import selections
from analysis.judging.balance import ERROR, IN_WORDS, Balance, balances, shared
from analysis.records.points import key_of, label
from analysis.records.reading import Results
from analysis.report.entries import Entry
from axes import AXES

WIDTH = 100.0  # of a bar, in units of its drawing
FAINTEST = 0.25  # opacity of the last worker's part


@dataclass
class Part:
    """Of a bar: a worker's."""

    left: float
    width: float
    opacity: float


@dataclass
class Bar:
    """Of a strategy and a crowd; without parts where it wasn't measured."""

    parts: list[Part]
    said: str  # under it
    title: str  # the same at length


@dataclass
class Row:
    entry: Entry
    bars: list[Bar]


@dataclass
class Table:
    """The bars of all that differs in strategy and clients alone."""

    name: str
    crowds: list[str]
    rows: list[Row]
    sentences: list[str]


def tables(results: Results, cells: pd.DataFrame, entries: Sequence[Entry]) -> Iterator[Table]:
    """Of the closed loop's cells; none where no server's workers share connections."""
    found = balances(results)
    if not found or cells.empty:
        return
    by_name = {entry.name: entry for entry in entries}
    for _, selection in selections(results, cells[shared(cells, found)], "closed"):
        for _, part in selection.sweeps("clients"):
            crowds = part.points("clients")
            told: dict[str, dict[int, Balance]] = {}
            for _, cell in part.measured.iterrows():
                told.setdefault(label(cell), {})[int(cell["clients"])] = found[key_of(cell)]
            rows = [Row(by_name[name], [_bar(of.get(crowd)) for crowd in crowds]) for name, of in told.items()]
            names = [AXES["clients"].say(crowd) for crowd in crowds]
            yield Table(part.what("clients"), names, rows, list(_sentences(told)))


def _bar(balance: Balance | None) -> Bar:
    if balance is None:
        return Bar([], "", "")
    left, parts = 0.0, []
    last = max(1, len(balance.by_worker) - 1)
    for place, worker in enumerate(balance.by_worker):
        width = WIDTH * worker.share.value
        parts.append(Part(round(left, 2), round(width, 2), round(1 - (1 - FAINTEST) * place / last, 3)))
        left += width
    shares = ", ".join(f"{worker.share.value:.0%}" for worker in balance.by_worker[:8])
    return Bar(parts, f"\N{PLUS-MINUS SIGN} {balance.requests_cv.value:.0%}", f"{shares} of the requests by worker")


def _sentences(told: dict[str, dict[int, Balance]]) -> Iterator[str]:
    """What the connections look like, of whom and where, with the evidence."""
    for lot, words in IN_WORDS.items():
        places: list[str] = []
        for name, of in told.items():
            here = {clients: balance for clients, balance in of.items() if balance.lot == lot}
            if here:
                seen = [
                    f"{balance.connections_cv.value:.0%}, by lot {balance.cv_by_lot:.0%}" for balance in here.values()
                ]
                at = AXES["clients"].several(list(here))
                places.append(f"{name} at {at} ({'; '.join(seen)})")
        if places:
            yield f"{words[0].upper()}{words[1:]}: {', '.join(places)}."


HOW_TO_READ = (
    "A bar is all of a strategy's requests in the mean of the blocks, divided among its workers, from the one that "
    "answered most. Behind \N{PLUS-MINUS SIGN} is the coefficient of variation between all of its workers, those "
    "without a connection included. In brackets stand the variation of the connections, and that of a fair draw, in "
    "which each client goes to any worker alike; a fair draw is called something else in "
    f"{ERROR:.0%} of cases. Which worker has a connection is known from the kernel's table of sockets and the "
    "descriptors of processes, or of threads from what they print."
)
