"""What a cell is among the others of its group: its bar, how far its blocks spread beside theirs, its ranks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from math import expm1
from typing import Any

import pandas as pd

from analysis.doubts import NOT_ITS_OWN, OFF_LITTLES_LAW, UNRECONCILED, touching
from analysis.interleaved import interleaved
from analysis.judging.trend import changes, trends
from analysis.ranking import ranks
from analysis.records.points import Group, by_group, group_of, is_attached
from analysis.statistics import ByRound

Key = tuple[Any, ...]  # the values of CELL_KEYS
Rows = Mapping[Key, dict[str, Any]]

RATE = "throughput_rps"
NOT_COMPARED = ("starvation", "errors")
UNTRUSTED = (UNRECONCILED, OFF_LITTLES_LAW, NOT_ITS_OWN)  # a rate that may be wrong pushes nobody down


def compare(rows: Rows, figure: str, measured: Mapping[Key, Mapping[int, float]]) -> None:
    """Give the cells the bars of a figure that is known by block.

    From the rate they also have the group's common movement, and what spreads beside it.
    Who has no bar of its own keeps the plain interval. Those that fail have hardly a figure, and theirs would be taken
    for a movement of all.
    """
    for members in _groups(rows, measured):
        sound = {key: _known(measured[key]) for key in members if rows[key]["limited_by"] != "errors"}
        found = interleaved(sound)
        for key in members:
            cell = rows[key]
            low, high = cell[f"{figure}_low"], cell[f"{figure}_high"]
            if key in found.bars and found.bars[key].half == found.bars[key].half:
                _, low, high = found.bars[key].around(cell[figure])
            cell |= {f"{figure}_bar_low": low, f"{figure}_bar_high": high}
            if figure == RATE and key in found.bars:
                cell["block_spread"] = found.bars[key].spread
            if figure == RATE and found.movement:
                cell["movement_low"] = expm1(min(found.movement.values()))
                cell["movement_high"] = expm1(max(found.movement.values()))


def tell_trends(rows: Rows, rates: Mapping[Key, ByRound]) -> None:
    """Give the cells of the closed loop how their rates change from round to round, beside those of their groups."""
    closed = [key for key in rates if rows[key]["load"] == "closed"]
    found: dict[Key, list[float]] = {}
    for members in _groups(rows, closed):
        found |= changes({key: rates[key] for key in members})
    for key, told in trends(found).items():
        rows[key] |= {"trend": told.value, "trend_low": told.low, "trend_high": told.high}


def rank_rates(rows: Rows, rates: Mapping[Key, ByRound]) -> None:
    """Rank the cells of each group by their rates.

    What is doubtful has no rank, but counts as faster where it was: a loader that limits makes it no faster.
    """
    compared = {key: rounds for key, rounds in rates.items() if _is_compared(rows[key])}
    rank(rows, "rank", compared)
    for cell in rows.values():
        if touching(cell, "rank"):
            cell["rank"] = None


def rank_costs(rows: Rows, used: Mapping[Key, ByRound]) -> None:
    """Rank the cells of each group by replies for the CPU time; those whose CPU time may be another's have no rank."""
    rank(rows, "cpu_rank", {key: rounds for key, rounds in used.items() if not touching(rows[key], "cpu_rank")})


def rank(rows: Rows, column: str, rates: Mapping[Key, ByRound]) -> None:
    """Rank the cells of each group among each other."""
    for members in _groups(rows, rates):
        for key, place in ranks({key: rates[key] for key in members}).items():
            rows[key][column] = place


def moved(cells: pd.DataFrame) -> str:
    """The machine's common movement over all groups of these cells in a sentence; nothing where none was told."""
    low, high = cells["movement_low"].min(), cells["movement_high"].max()
    return "" if pd.isna(low) else f"the machine moved all by {low * 100:+.0f} % to {high * 100:+.0f} % between blocks"


def ranks_in_words(cells: pd.DataFrame) -> str:
    """What a rank is; with the first that doesn't follow from how many stand before it, where there is such a one."""
    ranked = cells[cells["rank"].notna()]
    if ranked.empty:
        return ""
    told = "1 + how many were shown to be faster than it, or than one at least as fast; = where several share that"
    for group in by_group(ranked):
        sizes = Counter(int(rank) for rank in group["rank"])
        for (rank, many), (after, _) in pairwise(sorted(sizes.items())):
            if after != rank + many:
                before = f"{'=' * (many > 1)}{rank}, which {_several(many)}"
                were = "1 was" if after == 2 else f"{after - 1} were"
                return f"{told}. So {after} follows {before}: {were} shown to be faster, ranked or not"
    return told


def _several(many: int) -> str:
    return f"{many} share" if many > 1 else "one has"


def _known(blocks: Mapping[int, float]) -> dict[int, float]:
    return {block: value for block, value in blocks.items() if value == value}


def _is_compared(cell: Mapping[str, Any]) -> bool:
    is_trusted = not any(doubt.kind in UNTRUSTED for doubt in cell["doubts"])
    # all blocks of one that is attached meet the same processes, and ranks count fresh ones
    is_fresh = not is_attached(cell)
    return cell["load"] != "open" and cell["limited_by"] not in NOT_COMPARED and is_trusted and is_fresh


def _groups(rows: Rows, keys: Iterable[Key]) -> Iterator[list[Key]]:
    groups: dict[Group, list[Key]] = {}
    for key in keys:
        groups.setdefault(group_of(rows[key]), []).append(key)
    yield from groups.values()
