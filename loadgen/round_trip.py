"""What an exchange takes between this worker and a server, asked for by one client before the others come."""

from collections.abc import Callable
from time import perf_counter_ns as clock
from typing import Any

import numpy as np

from loadgen.flood import Flood
from loadgen.log import Log


def told(flood: Flood, times: int, within_s: float, breathe: Callable[[], None]) -> dict[str, Any]:
    """So many exchanges of its connected client one after the other, or as many as fit: the least, and the median.

    In seconds, ended as latencies are; None where nobody answered.
    """
    flood.log = Log()
    flood.stamp_every(1)
    until_ns = clock() + int(within_s * 1e9)
    for _ in range(times):
        if clock() > until_ns:
            break
        flood.ask_all(again=False)
        flood.run(until_ns, breathe)
    asked, _, arrived, lay, _ = flood.log.sample()
    took_ns = np.where(arrived >= asked, arrived - asked, arrived - asked + lay)
    if not len(took_ns):
        return {"exchanges": 0, "least_s": None, "median_s": None}
    least_s, median_s = int(took_ns.min()) / 1e9, float(np.median(took_ns)) / 1e9
    return {"exchanges": len(took_ns), "least_s": least_s, "median_s": median_s}
