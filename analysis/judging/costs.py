"""What a cell costs: CPU time, page faults, context switches, memory, processes and threads.

What is taken by the request is that of each block, and the mean of these: blocks weigh alike.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.judging.latencies import columns
from analysis.records.columns import Columns, column, first
from analysis.statistics import NAN, Estimate, around, plain

KIB, MIB = 1 << 10, 1 << 20


def is_accounted(windows: Columns) -> bool:
    """Whether the server's processes are known: not of one that is attached."""
    return not np.isnan(column(windows, "server_cpu_s", float)).all()


def server_cpu(windows: Columns, widened: float) -> dict[str, float]:
    """CPU time of the server's process tree per correct reply, and the replies that one CPU could give."""
    own = list(cpu_by_block(windows).values())
    used: Estimate = around(plain(own).value, own, widened)
    return columns("server_cpu_us_per_request", used) | {
        "capacity_per_core_rps": quotient(1e6, used.value),
        "server_minor_faults_per_request": _per_reply(windows, "server_minor_faults"),
    }


def slowed_cpu(perturbed: Columns | None) -> float:
    """CPU time per correct reply while the loader was slowed down, in µs; NaN where it wasn't."""
    return NAN if perturbed is None else plain(list(cpu_by_block(perturbed).values())).value


def cpu_by_block(windows: Columns) -> dict[int, float]:
    """CPU time per correct reply in each block, in µs; NaN where there was none."""
    sums = _sums(*(column(windows, name) for name in ("block", "server_cpu_s", "replies")))
    return {block: quotient(cpu * 1e6, replies) for block, (cpu, replies) in sums.items()}


def footprint(records: Columns | None) -> dict[str, Any]:
    """Memory, processes and threads with all clients connected, the rest by correct reply; means of the blocks.

    What a connection takes isn't known by what a server held in its group: larger crowds may have been there before.
    Where own memory isn't told, as in older records, memory is PSS.
    """
    if records is None:
        return {}
    slopes = _slopes(records)
    return {
        "server_user_us_per_request": _per_reply(records, "user_s") * 1e6,
        "server_system_us_per_request": _per_reply(records, "system_s") * 1e6,
        "voluntary_switches_per_request": _per_reply(records, "voluntary_switches"),
        "involuntary_switches_per_request": _per_reply(records, "involuntary_switches"),
        "memory_idle_mib": plain(_known(records, "own_idle_bytes", "pss_idle_bytes").tolist()).value / MIB,
        "memory_mib": plain(_known(records, "own_bytes", "pss_bytes").tolist()).value / MIB,
        "memory_per_connection_kib": plain(slopes).value,
        "memory_per_connection_kib_least": min(slopes, default=NAN),
        "memory_per_connection_kib_most": max(slopes, default=NAN),
        "memory_per_connection_blocks": len(slopes) or None,
        "processes": column(records, "processes").max(),
        "threads": column(records, "threads").max(),
    }


def _slopes(records: Columns) -> list[float]:
    """What a connection takes more, in KiB, in each block in which it was looked at."""
    slopes = _known(records, "crowd_bytes") - _known(records, "one_client_bytes")
    clients = first(records, "clients")
    return [quotient(slope, clients - 1) / KIB for slope in slopes.tolist() if slope == slope]


def quotient(value: float, by: float) -> float:
    """NaN where there is nothing to divide by."""
    return float(value) / float(by) if by and by == by else NAN


def _known(records: Columns, name: str, else_: str = "") -> NDArray[np.float64]:
    """A field of each record, or another where that isn't told; NaN where neither is."""
    known = column(records, name, float)
    return np.where(np.isnan(known), column(records, else_, float), known) if else_ else known


def _per_reply(records: Columns, name: str) -> float:
    known = _known(records, name)
    told = known == known
    sums = _sums(column(records, "block")[told], known[told], column(records, "replies", float)[told])
    return plain([quotient(spent, replies) for spent, replies in sums.values()]).value


def _sums(blocks: NDArray[Any], *told: NDArray[Any]) -> dict[int, list[float]]:
    """The sums of figures over each block's records; what a record doesn't tell is left out."""
    found: dict[int, list[float]] = {}
    for block, *values in zip(blocks.tolist(), *(figures.tolist() for figures in told), strict=True):
        so_far = found.setdefault(block, [0.0] * len(values))
        for place, value in enumerate(values):
            so_far[place] += value if value == value else 0.0
    return dict(sorted(found.items()))
