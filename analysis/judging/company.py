"""What became of a cell's company, who was there beside the clients that are measured: columns of cells.csv."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import axes
from analysis.alike import Alike
from analysis.judging.costs import quotient
from analysis.judging.latencies import block_histograms
from analysis.records.columns import Columns, column, first

SUMS = (
    "company_closed", "company_connects", "company_refused", "company_served", "company_wrong", "company_waiting",
    "company_retransmitted",
)  # fmt: skip


def kind(windows: Columns) -> str:
    """Who is there, as the axis has it; empty where that is nobody."""
    told, size = axes.company_of({name: first(windows, name) for name in ("company", "company_size")})
    return told if size else ""


def figures(windows: Columns) -> dict[str, Any]:
    """Of all its windows together; nothing where nobody was there."""
    here = kind(windows)
    if not here:
        return {}
    sums = {name: int(column(windows, name, float).sum()) for name in SUMS}
    acted_s = float(column(windows, "company_s", float).sum())
    connects = Alike(block_histograms(windows, "company_connect_hdr"))
    served_s = column(windows, "company_served_s", float)
    return sums | {
        "company_open": int(column(windows, "company_open", float).min()),
        "company_connects_per_s": quotient(sums["company_connects"], acted_s) if sums["company_connects"] else None,
        "company_connect_p99_us": connects.percentile(99) / 1e3,
        "company_served_us": float(np.median(served_s)) * 1e6,  # also where one of them never was
        "company_cpu_share": quotient(float(column(windows, "company_cpu_s", float).sum()), acted_s),
    }


def left(windows: Columns) -> float:
    """The share of those who came to stay that had left by the end of a window, at most."""
    if kind(windows) not in axes.STAYING:
        return 0.0
    return 1 - quotient(float(column(windows, "company_open", float).min()), first(windows, "company_size"))


def took_s(windows: Columns, run: Mapping[str, Any]) -> float:
    """CPU seconds of the load generator's CPUs that the company used; none where it has CPUs of its own.

    Nor in windows whose load came from other hosts alone: the company is on the run's.
    """
    if not set(run.get("company_cpus") or []) <= set(run.get("loader_cpus") or []):
        return 0.0
    is_here = column(windows, "workers", float) > np.nan_to_num(column(windows, "elsewhere", float))
    return float(np.nansum(column(windows, "company_cpu_s", float)[is_here]))


def evidence(windows: Columns, took: float) -> dict[str, Any]:
    """What a verdict stands on, beside what it `took` of the loader's CPUs."""
    wrong = int(column(windows, "company_wrong", float).sum())
    return {"company_wrong": wrong, "company_left": left(windows), "company_took": took}
