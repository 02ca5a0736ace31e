"""The memory of a connection in words: looked at in so few blocks that it has no interval, but a least and a most."""

import pandas as pd

from analysis import units
from analysis.records.points import Row

MEMORY = "memory_per_connection_kib"
ENDS = (f"{MEMORY}_least", f"{MEMORY}_most")
RANGE = "memory from the least to the most of its few blocks, for which no error rate is known"


def told(cell: Row) -> str:
    """28.7 KiB (28.5 to 28.8 in 2 blocks)."""
    return f"{units.short(cell[MEMORY])} KiB{_bracketed(of_blocks(cell))}"


def of_blocks(cell: Row) -> str:
    """What its blocks had: 28.5 to 28.8 in 2 blocks; empty where nobody looked."""
    blocks = cell["memory_per_connection_blocks"]
    if pd.isna(blocks):
        return ""
    least, most = (units.short(cell[end]) for end in ENDS)
    if blocks == 1:
        return "1 block"
    return f"the same in {blocks} blocks" if least == most else f"{least} to {most} in {blocks} blocks"


def _bracketed(text: str) -> str:
    return f" ({text})" if text else ""
