"""Why windows of a cell failed, in words: where there are several reasons each with how often it came."""

import re
from collections import Counter

from analysis.records.columns import Columns, column

ORDER = ("server", "owner", "loader")  # whose faults come first: the server's are what its cell is about
AMOUNT = re.compile(r"[-+]?\d[\d.]*(?= ?(?:s|ms|µs)\b)")  # by which reasons differ that are one


def told(failures: Columns) -> list[str]:
    """The reasons of a cell's failures that aren't the same but for times in them, the server's before others'.

    What was skipped is no event, and has no number.
    """
    lines = list(zip(*(column(failures, name).tolist() for name in ("fault", "reason", "status")), strict=True))
    lines.sort(key=lambda line: ORDER.index(line[0]) if line[0] in ORDER else len(ORDER))
    times = Counter(_kind(fault, reason) for fault, reason, _ in lines)
    found: dict[tuple[str, str], str] = {}
    for fault, reason, status in lines:
        many = times[_kind(fault, reason)]
        is_event = len(times) > 1 and many > 1 and status != "skipped"
        found.setdefault(_kind(fault, reason), reason + f" ({many} times)" * is_event)
    return list(dict.fromkeys(found.values()))


def _kind(fault: str, reason: str) -> tuple[str, str]:
    return fault, AMOUNT.sub("_", reason)
