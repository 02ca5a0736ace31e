"""Handlers: whether a message was answered only when its handler was done, and whose the server's CPU time is.

A server that is told to wait or to block for a time t can't answer sooner than t after the request was sent, so that of
so many clients at most clients / t are answered in a second. One that is told to compute can't use less CPU time than
that takes; but an iteration takes more than twice as long at one moment as at another.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis import units
from analysis.histograms import merged
from analysis.judging.costs import cpu_by_block
from analysis.judging.latencies import columns
from analysis.records.columns import Columns, column, first
from analysis.statistics import NAN, Estimate, plain
from axes.axis import in_time

TIMER_US = 1200  # some timers count whole milliseconds, and end one too early
SOONEST = 0.98  # of what no timer ends
LEAST_WORK = 0.25  # of a computation
CEILING = 1.02  # by clients / t
HASTY_SHARE = 0.01  # of the replies: histograms round, and stamps may be set back with their clock


def kind(windows: Columns) -> str:
    """waits, blocks or computes; empty where there is no handler."""
    told = str(first(windows, "handler"))
    return "" if told == "none" else told


def unhandled(windows: Columns) -> str:
    """What shows that messages were answered before their handlers were done, in words; empty if nothing does."""
    handler, told_us = kind(windows), float(first(windows, "handler_us"))
    if not handler or first(windows, "handler_of") != "all":
        return ""
    least_us = {"computes": LEAST_WORK * told_us, "blocks": SOONEST * told_us}.get(handler, told_us - TIMER_US)
    values, counts = merged(column(windows, "latency_hdr", object))
    total = int(counts.sum())
    hasty = int(counts[values < least_us * 1e3].sum())
    if total and hasty >= max(1, HASTY_SHARE * total):
        return f"{hasty:,} of {total:,} replies sooner than {least_us / 1e3:.3g} ms"
    if handler == "computes":
        used_us = list(cpu_by_block(windows).values())
        cheapest = float(np.nanmean(used_us)) if used_us and not np.isnan(used_us).all() else told_us
        is_less = cheapest < least_us
        return f"{cheapest:.3g} µs of CPU time a request, where its handler takes {told_us:,.0f}" if is_less else ""
    rate = column(windows, "requests", float).sum() / column(windows, "counted_s", float).sum()
    soonest_us = told_us if handler == "blocks" else least_us
    most = first(windows, "clients") * 1e6 / soonest_us if soonest_us > 0 else float("inf")
    return f"{rate:,.0f} replies/s, where {most:,.0f} are possible" if rate > CEILING * most else ""


def cpu(windows: Columns, run: Mapping[str, Any], widened: float) -> dict[str, float]:
    """CPU time of a request that the handler takes by itself, and what is left: the mechanism's. In µs.

    Of a handler that computes, with the harness's own interpreter; by what the CPU made of its iterations at the
    beginning of each block, so that the interval holds how far that moved; none where a block wasn't counted. Of one
    that is for a single client's messages it isn't told: the others' requests have no part in it.
    """
    if kind(windows) != "computes" or first(windows, "variant") or first(windows, "handler_of") != "all":
        return {}
    told_us, per_ms = float(first(windows, "handler_us")), (run.get("calibration") or {}).get("per_ms")
    counted = [one.get("iterations_per_ms") for one in run.get("surroundings") or []]
    own, rest = [], []
    used = cpu_by_block(windows)
    for block, used_us in used.items():
        if per_ms and block < len(counted) and counted[block]:
            own.append(told_us * per_ms / counted[block])
            rest.append(used_us - own[-1])
    if not own:
        return {}
    found = {"handler": plain(own, widened), "mechanism": plain(rest, widened)}
    if len(own) != len(used):  # no interval without the blocks that are missing
        found = {name: Estimate(mean.value, NAN, NAN) for name, mean in found.items()}
    return {
        column: figure
        for name, mean in found.items()
        for column, figure in columns(f"{name}_cpu_us_per_request", mean).items()
    }


def own_cpu(cells: pd.DataFrame) -> Iterator[tuple[int, Estimate]]:
    """Of cells whose handlers compute: each time that they were told, in µs, and the CPU time that it takes."""
    name = "handler_cpu_us_per_request"
    known = cells[cells[name].notna()]
    for told_us in sorted(known["handler_us"].unique().tolist()):
        first_cell = known[known["handler_us"] == told_us].iloc[0]
        yield told_us, Estimate(*(float(first_cell[f"{name}{end}"]) for end in ("", "_low", "_high")))


def in_words(told_us: int, own: Estimate) -> str:
    """A sentence without its full stop."""
    low, high = units.duration(max(own.low, 0.0)), units.duration(own.high)
    between = f", {low} to {high}" if own.low == own.low else ""
    return (
        f"the handler of {in_time(told_us)} takes {units.duration(own.value)} of a request's CPU time by itself"
        f"{between}; the rest is the mechanism's"
    )
