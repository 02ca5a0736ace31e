"""How many clients of a cell were served."""

import numpy as np
import pandas as pd

from analysis.records.columns import Columns, column, first
from analysis.records.points import Row


def served(cell: Row) -> str:
    """How many clients were served, such as 1 of 10; nothing if all were."""
    if not is_starved(cell):
        return ""
    return f"{cell['clients'] - cell['starved']:,} of {cell['clients']:,}"


def unserved(windows: Columns) -> dict[int, int]:
    """Of a cell's windows: how many clients had no reply by the end of each block.

    In an open loop they waited until they timed out, in whichever window: a new connection stands in for each since.
    """
    in_order = np.argsort(column(windows, "started_ns"), kind="stable")
    waiting: dict[int, list[int]] = {}
    rounds: dict[int, set[int]] = {}  # a round may have had two tries
    told = (column(windows, name)[in_order].tolist() for name in ("block", "round", "unanswered"))
    for block, round_, unanswered in zip(*told, strict=True):
        waiting.setdefault(block, []).append(unanswered)
        rounds.setdefault(block, set()).add(round_)
    is_closed = first(windows, "load") == "closed"
    # a block that was cut short, or had fewer rounds, had less time to serve everyone
    whole = max(map(len, rounds.values()))
    return {
        block: waiting[block][-1] if is_closed else max(waiting[block])
        for block in sorted(waiting)
        if len(rounds[block]) == whole
    }


def is_starved(cell: Row) -> bool:
    """Whether some clients had no reply in a whole block."""
    return bool(pd.notna(cell["starved"]) and cell["starved"] > 0)
