"""Who else was there, on the page: strategies by kinds of company, and what became of these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

import axes
from analysis import units
from analysis.doubts import in_full
from analysis.drawing.squares import heading, heat, interval, said
from analysis.judging.unkindness import CPU, P99, VARIED, Kind, Square, Unkindness, kind_of, unkindness
from analysis.records.points import as_rows, label
from analysis.records.reading import Results
from analysis.report.entries import Entry

STEPS = 5  # of heat, in either direction: classes of the style sheet
TITLES = {
    P99: "The p99 of the clients that are measured, by that without company",
    CPU: "The server's CPU time for one of their requests, by that without company",
}


@dataclass
class Told:
    """What stands in a square."""

    text: str
    below: str
    title: str
    look: str  # a class of the style sheet


@dataclass
class Row:
    entry: Entry
    squares: list[Told]


@dataclass
class Table:
    title: str
    name: str  # what all of it has in common
    kinds: list[str]
    rows: list[Row]


def tables(results: Results, cells: pd.DataFrame, entries: Sequence[Entry]) -> Iterator[Table]:
    """A table for each figure, and one of what became of the company; none where there was none."""
    by_name = {entry.name: entry for entry in entries}
    for found in unkindness(cells) if len(cells) else ():
        name = axes.description(found.cells.iloc[0], results.usual, but=VARIED)
        kinds = [heading(kind).replace("\n", ", ") for kind in found.kinds]
        for figure, title in TITLES.items():
            squares = {place: _told(square) for place, square in found.squares[figure].items()}
            yield Table(title, name, kinds, list(_rows(found, squares, by_name)))
        fates = {(label(cell), kind_of(cell)): fate for cell in as_rows(found.cells) if (fate := _fate(cell))}
        yield Table("What became of the company", name, kinds, list(_rows(found, fates, by_name)))


def _rows(found: Unkindness, squares: dict[tuple[str, Kind], Told], by_name: dict[str, Entry]) -> Iterator[Row]:
    nothing = Told("", "", "", "")
    for name in found.names:
        if name in by_name:
            yield Row(by_name[name], [squares.get((name, kind), nothing) for kind in found.kinds])


def _told(square: Square) -> Told:
    title = f"{units.duration(square.value_us)} beside it" if square.value_us == square.value_us else ""
    if square.doubts:
        title += f"; doubtful: {in_full(square.doubts)}"
    warm = heat(square)
    step = min(STEPS, round(abs(warm) * STEPS + 0.499)) if abs(warm) > 0.02 else 0
    look = "none" if square.why_not else f"{'worse' if warm > 0 else 'better'}-{step}" if step else "even"
    faint = "" if square.is_shown or square.why_not else " untold"
    return Told(said(square), interval(square), title, f"heat {look}{faint}")


def _fate(cell: dict[str, Any]) -> Told | None:
    """Of one that was there."""
    if pd.isna(cell["company_open"]):
        return None
    counts = {name: int(cell[f"company_{name}"]) for name in ("closed", "refused", "wrong", "waiting")}
    bad = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    if cell["company"] in axes.STAYING:
        text = f"{cell['company_open']:,} open"
    elif cell["company"] == "burst":
        served = float(cell["company_served_us"])
        text = f"all served in {units.duration(served)}" if served == served else "some unserved"
    else:
        text = f"{units.short(float(cell['company_connects_per_s']))}/s"
    p99 = float(cell["company_connect_p99_us"])
    if p99 == p99:
        text += f", connect p99 {units.duration(p99)}"
    if again := int(cell["company_retransmitted"]):
        bad = ", ".join(filter(None, [bad, f"{again:,} packets sent again"]))
    return Told(text, bad, "", "heat even")


HOW_TO_READ = (
    "Each strategy had a server without company beside those with some, visited in the same rounds: a ratio is that of "
    "neighbours in time, within blocks, with its 95 % interval over blocks. Faint are those that are not told apart "
    "from 1; ? is doubtful on one of the two sides, and pointing at it tells why. Who is there doesn't count among the "
    "clients that are measured; what a server does for it is in the CPU time of their requests. Unserved: clients were "
    "refused or never answered, so that nothing is compared. A long request is one client's, whose handler takes that "
    "long again and again; its latencies don't count, and the neighbour is one whose handler takes next to nothing."
)
