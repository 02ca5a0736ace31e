"""Who can't be told from the first or the last of a group, for figures that have bars for comparing and no ranks."""

from collections.abc import Sequence

import pandas as pd

from analysis.drawing.selection import ends_of
from analysis.records.points import label

FEW = 3  # that are named
PAIRS = "an order of two whose bars don't touch, about 5 % each"


def untold(one: pd.Series, others: pd.DataFrame, figure: str) -> str:
    """A sentence that names those whose bars touch this one's, the nearest first; empty where it stands alone.

    Who has no bar was never shown to differ.
    """
    low, high = (one[end] for end in ends_of(figure))
    starts, ends = (others[end] for end in ends_of(figure))
    differs = (starts > high) | (ends < low)  # of what has no bar neither holds
    alike = others[~differs & (others.index != one.name)]
    near = (alike[figure] - one[figure]).abs().sort_values(kind="stable").index
    names = [label(cell) for _, cell in alike.loc[near].iterrows()]
    return f" {_shortly(names)} can't be told from {label(one)}." if names else ""


def _shortly(names: Sequence[str]) -> str:
    """All of them, or a few and how many others."""
    if len(names) > FEW + 1:
        return f"{', '.join(names[:FEW])} and {len(names) - FEW} others"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
