"""Why a cell has no rank among its group, in words."""

import pandas as pd

from analysis.doubts import touching
from analysis.records.points import Row, is_attached


def why(cell: Row) -> str:
    """The doubts that touch the comparison, or what else keeps it out."""
    said = [doubt.in_full for doubt in touching(cell, "rank")]
    return _else(cell) if is_attached(cell) else " and ".join(said) or _else(cell)


def briefly(cell: Row) -> str:
    """The same without the numbers of doubts."""
    said = [doubt.kind.phrase for doubt in touching(cell, "rank")]
    return _else(cell) if is_attached(cell) else " and ".join(said) or _else(cell)


def _else(cell: Row) -> str:
    if pd.isna(cell["windows"]):
        return str(cell["status"])
    if is_attached(cell):
        return "attached: all blocks meet the same processes, and ranks count fresh ones"
    if cell["blocks"] < 2:
        return "one block"
    return str(cell["limited_by"])
