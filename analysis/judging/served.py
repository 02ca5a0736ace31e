"""How many clients of a cell were served."""

import pandas as pd

from analysis.records.points import Row


def served(cell: Row) -> str:
    """How many clients were served, such as 1 of 10; nothing if all were."""
    if not is_starved(cell):
        return ""
    return f"{cell['clients'] - cell['starved']:,} of {cell['clients']:,}"


def unserved(windows: pd.DataFrame) -> pd.Series:
    """Of a cell's windows: how many clients had no reply by the end of each block.

    In an open loop they waited until they timed out, in whichever window: a new connection stands in for each since.
    """
    by_block = windows.sort_values("started_ns").groupby("block")
    most = by_block["unanswered"].last() if windows["load"].iloc[0] == "closed" else by_block["unanswered"].max()
    # a block that was cut short, or had fewer rounds, had less time to serve everyone
    rounds = by_block["round"].nunique()  # a round may have had two tries
    return most[rounds == rounds.max()]


def is_starved(cell: Row) -> bool:
    """Whether some clients had no reply in a whole block."""
    return bool(pd.notna(cell["starved"]) and cell["starved"] > 0)
