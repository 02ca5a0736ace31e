"""What a cell costs: CPU time, page faults, context switches, memory, processes and threads.

What is taken by the request is that of each block, and the mean of these: blocks weigh alike.
"""

from typing import Any

import numpy as np
import pandas as pd

from analysis.judging.latencies import columns
from analysis.statistics import NAN, Estimate, around

KIB, MIB = 1 << 10, 1 << 20


def server_cpu(windows: pd.DataFrame, widened: float) -> dict[str, float]:
    """CPU time of the server's process tree per correct reply, and the replies that one CPU could give."""
    sums = windows.groupby("block")[["server_cpu_s", "replies"]].sum()
    own = [quotient(cpu * 1e6, replies) for cpu, replies in sums.itertuples(index=False)]
    used: Estimate = around(_mean(own), own, widened)
    return columns("server_cpu_us_per_request", used) | {
        "capacity_per_core_rps": quotient(1e6, used.value),
        "server_minor_faults_per_request": _per_reply(windows, "server_minor_faults"),
    }


def footprint(records: pd.DataFrame | None) -> dict[str, Any]:
    """Memory, processes and threads with all clients connected, the rest by correct reply; means of the blocks."""
    if records is None:
        return {}
    clients = records["clients"].iloc[0]
    idle, full = records["pss_idle_bytes"].astype(float).mean(), records["pss_bytes"].astype(float).mean()
    return {
        "server_user_us_per_request": _per_reply(records, "user_s") * 1e6,
        "server_system_us_per_request": _per_reply(records, "system_s") * 1e6,
        "voluntary_switches_per_request": _per_reply(records, "voluntary_switches"),
        "involuntary_switches_per_request": _per_reply(records, "involuntary_switches"),
        "memory_idle_mib": idle / MIB,
        "memory_mib": full / MIB,
        "memory_per_connection_kib": (full - idle) / clients / KIB,
        "processes": records["processes"].max(),
        "threads": records["threads"].max(),
    }


def quotient(value: float, by: float) -> float:
    """NaN where there is nothing to divide by."""
    return float(value) / float(by) if by and not np.isnan(by) else NAN


def _per_reply(records: pd.DataFrame, name: str) -> float:
    known = records[records[name].notna()].astype({name: float})
    sums = known.groupby("block")[[name, "replies"]].sum()
    return _mean([quotient(spent, replies) for spent, replies in sums.itertuples(index=False)])


def _mean(blocks: list[float]) -> float:
    """Of the blocks that have the figure, each with the same weight."""
    known = [value for value in blocks if value == value]
    return sum(known) / len(known) if known else NAN
