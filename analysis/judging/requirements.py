"""Whether each cell of a run keeps the limits that it was given (`--require`).

A limit that can't be decided isn't kept: where a cell has no such figure, or doubts touch it. A count is what was
counted, whatever doubts there are; but where others may have served, nothing is known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import units
from analysis.doubts import NOT_ITS_OWN, Doubt, in_full, touching
from analysis.records.points import CELL_KEYS, key_of, member, title
from analysis.records.reading import Results
from analysis.requirement import Requirement, read


@dataclass(frozen=True)
class Kept:
    """A limit and a cell: whether it keeps it, and why that is said."""

    requirement: Requirement
    strategy: str
    point: str
    holds: bool
    is_decided: bool
    said: str

    def __str__(self) -> str:
        return f"{self.strategy}, {self.point}: {self.requirement.text}: {self.said}"


def requirements(results: Results) -> list[Requirement]:
    """Those that the run was given."""
    return [read(text) for text in results.run.get("requirements") or []]


def judged(results: Results, cells: pd.DataFrame) -> list[Kept]:
    """Every limit of the run for every cell."""
    asked = requirements(results)
    if asked and cells.empty:
        return [Kept(one, "all", "everywhere", False, False, "not kept: nothing was measured") for one in asked]
    replies = _replies(results) if any(one.is_share for one in asked) else {}
    return [
        _judged(one, cell, title(cells.loc[[place]], results.usual), replies.get(key_of(cell)))
        for one in asked
        for place, cell in cells.iterrows()
    ]


def all_hold(found: Sequence[Kept]) -> bool:
    """Whether nothing that was required is broken or unknown."""
    return all(one.holds for one in found)


def sentences(found: Sequence[Kept]) -> Iterator[str]:
    """What came of the limits: those that aren't kept by name, and how many are."""
    broken = [one for one in found if not one.holds]
    yield from map(str, broken)
    if found:
        yield f"Required: {len(found) - len(broken)} of {len(found)} limits are kept."


def _judged(one: Requirement, cell: pd.Series, point: str, replies: float | None) -> Kept:
    holds, is_decided = False, False
    value = _value(one, cell, replies)
    if value is None:
        why = cell["status_reason"] or "there is no such figure of it"
        said = f"not kept, as it can't be decided: {why}"
    elif doubts := _doubts(one, cell):
        said = f"not kept, as it can't be decided: {_written(one, value)} is doubtful: {in_full(doubts)}"
    else:
        holds, is_decided = one.holds(value), True
        said = f"{'kept' if holds else 'not kept'}: {_written(one, value)}"
    return Kept(one, member(cell), point, holds, is_decided, said)


def _doubts(one: Requirement, cell: pd.Series) -> list[Doubt]:
    if one.is_count:
        return [doubt for doubt in cell["doubts"] if doubt.kind == NOT_ITS_OWN]
    return touching(cell, one.column)


def _value(one: Requirement, cell: pd.Series, replies: float | None) -> float | None:
    """The cell's figure; None where it has none."""
    value = cell[one.column]
    if pd.isna(value) or pd.isna(cell["windows"]):
        return None
    if one.is_share:
        ended = float(value) + (replies or 0.0)
        return float(value) / ended if ended else None
    return float(value)


def _written(one: Requirement, value: float) -> str:
    if one.is_share:
        return f"{value * 100:.3g} %"
    if one.unit == "µs":
        return units.duration(value)
    return f"{value:,.4g} {one.unit}".strip()


def _replies(results: Results) -> dict[tuple[Any, ...], float]:
    """Correct replies in whole windows, as errors are counted there too."""
    summed = results.windows.groupby(CELL_KEYS, sort=False)["replies"].sum()
    return {tuple(key): float(value) for key, value in summed.items()}  # type: ignore[arg-type]
