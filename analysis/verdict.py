"""What limited a cell, and whether its throughput and latency can be relied on: pure functions of one row.

The row has the columns of cells.csv and what analysis/evidence.py adds; the thresholds are the table
[verdict] of bench.toml. A loader that rests doesn't limit. Of one that hardly rests its share of CPU time cannot tell:
two processes that wait for each other are both busy. So in some windows it takes longer for each request on
purpose. Where it sets the pace the rate falls by as much; where the server does, the loader only waits less.
"""

from collections.abc import Iterator, Mapping
from math import isnan, nan
from typing import Any

import pandas as pd

from analysis.statistics import supported

Row = Mapping[str, Any] | pd.Series

ACHIEVED = 0.99  # of the offered requests: the server kept up
OF_SERVICE = 0.5  # of the median service time: where replies lie so long before they are seen, the loader is behind
LIMITED_BY_LOADER = "loader-limited"
MAYBE_BY_LOADER = "may be loader-limited"
FAILING = "requests failed"
UNSTABLE = "unstable between blocks"
DRIFTING = "drifting within windows"
FEW_SAMPLES = "too few samples for a p99"
SHORT_WINDOWS = "p99 not given"
UNANSWERED_TAIL = "p99 among requests without an answer"
UNRECONCILED = "counts don't reconcile"
OFF_LITTLES_LAW = "rate and latency contradict each other"
LATE_CLOCK = "the loader's own delay shows"
PHRASES = (
    LIMITED_BY_LOADER, MAYBE_BY_LOADER, FAILING, UNSTABLE, DRIFTING, FEW_SAMPLES, SHORT_WINDOWS,
    UNANSWERED_TAIL, UNRECONCILED, OFF_LITTLES_LAW, LATE_CLOCK,
)  # fmt: skip
OF_P99_ALONE = (FEW_SAMPLES, SHORT_WINDOWS, UNANSWERED_TAIL)


def limited_by(row: Row, thresholds: Mapping[str, float], handler: str | None = None) -> str:
    """server, loader, both (can't be told), round-trip, handler, starvation, errors or offered rate."""
    if _fails(row, thresholds):
        return "errors"
    if _known(row, "starved") > 0:
        return "starvation"
    if handler:
        return "handler"
    if row["_shared_cpu"]:
        return "loader"
    if row["load"] != "closed":
        return _limit_of_open_loop(row)
    return _loader_limits(row, thresholds) or _limit_beyond_loader(row, thresholds)


def doubts(row: Row, thresholds: Mapping[str, float]) -> list[str]:
    """Why throughput and latency are doubtful, each with its number; `limited_by` is in the row."""
    return [f"{phrase} ({number})" for phrase, number in _doubts(row, thresholds)]


def parted(reason: str) -> Iterator[tuple[str, str]]:
    """The phrase and the number of each doubt in a reason; what is none of them comes whole and without one."""
    other = []
    for part in reason.split("; ") if reason else []:
        phrase, _, number = part.partition(" (")
        if phrase in PHRASES:
            yield phrase, number.removesuffix(")")
        else:
            other.append(part)
    if other:
        yield "; ".join(other), ""


def touching(row: Row, figure: str) -> list[str]:
    """The doubts that touch this column: throughput, its ratio or a latency; never the server's CPU per request."""
    if figure.startswith("server_cpu"):
        return []
    spared: tuple[str, ...] = OF_P99_ALONE
    if figure.startswith("p99"):
        spared = ()
    elif not figure.startswith("p"):
        spared = (*OF_P99_ALONE, LATE_CLOCK)
    return [phrase for phrase, _ in parted(row["reason"]) if phrase in PHRASES and phrase not in spared]


def _fails(row: Row, thresholds: Mapping[str, float]) -> bool:
    errors, requests = _known(row, "errors"), _known(row, "requests")
    return not _known(row, "_replies") or (errors > 0 and errors >= thresholds["errors_share"] * (requests + errors))


def _limit_of_open_loop(row: Row) -> str:
    kept_up = row["requests"] >= ACHIEVED * row["_offered"] and not _known(row, "dropped") > 0
    if row["load"] == "open" and kept_up:
        return "offered rate"
    # Its share of CPU time tells nothing here: it waits awake for the next arrival.
    return "loader" if _known(row, "arrival_p90_us") >= OF_SERVICE * _known(row, "service_p50_us") else "server"


def _loader_limits(row: Row, thresholds: Mapping[str, float]) -> str:
    """loader, both, or nothing where it is shown not to limit."""
    if row["loader_cpu_share"] < thresholds["perturb_from_share"]:
        return ""  # it rests: were it what the others wait for, it would not
    half = _known(row, "perturbation_loss_if_loader") / 2
    low, high = _known(row, "perturbation_loss_low"), _known(row, "perturbation_loss_high")
    if low >= half:
        return "loader"
    return "" if high < half else "both"  # also where the loss isn't known


def _limit_beyond_loader(row: Row, thresholds: Mapping[str, float]) -> str:
    if row["server_cpu_share"] >= thresholds["busy_share"]:
        return "server"
    # With time to spare on both sides, either the way takes it or the server lets requests wait.
    return "round-trip" if _known(row, "_round_trips") <= thresholds["round_trip_factor"] else "server"


def _doubts(row: Row, thresholds: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    limit = row["limited_by"]
    if limit in ("loader", "both"):
        phrase = LIMITED_BY_LOADER if limit == "loader" else MAYBE_BY_LOADER
        yield phrase, "shares a CPU with the servers" if row["_shared_cpu"] else _loader_evidence(row)
    if limit == "errors":
        errors = _known(row, "errors")
        yield FAILING, _share(errors / (errors + row["requests"])) if errors else "no correct reply"
    if _known(row, "_block_spread") > thresholds["block_spread"]:
        yield UNSTABLE, f"spread {_share(row['_block_spread'])}"
    drift = _known(row, "drift")
    is_shown = _known(row, "_drift_low") > 0 or _known(row, "_drift_high") < 0
    if abs(drift) > thresholds["drift_share"] and is_shown:
        yield DRIFTING, f"second half {drift * 100:+.0f} %"
    if "_p99" in row:
        yield SHORT_WINDOWS, row["_p99"]
    elif isnan(_known(row, "p99_us")):
        measured, unanswered = row["_measured_latencies"], row["_unanswered"]
        if supported(measured, 99):
            yield UNANSWERED_TAIL, f"{unanswered:,} of {measured:,}"
        else:
            yield FEW_SAMPLES, f"{measured:,} requests"
    if row["_unreconciled"]:
        yield UNRECONCILED, f"{row['_unreconciled']:,} of {row['windows']:,} windows"
    littles_law = _known(row, "littles_law")
    if row["load"] == "closed" and not row["errors"] and abs(littles_law - 1) > thresholds["littles_law_share"]:
        yield OFF_LITTLES_LAW, f"rate x latency = {littles_law:.2f} x clients"
    late = _known(row, "arrival_p90_us") / row["p99_us"] if row["p99_us"] else 0.0
    if late > thresholds["arrival_share"]:
        yield LATE_CLOCK, f"{_share(late)} of the p99"


def _loader_evidence(row: Row) -> str:
    low, high = _known(row, "perturbation_loss_low"), _known(row, "perturbation_loss_high")
    if not isnan(low):
        # half of the last number is the threshold
        expected = _share(_known(row, "perturbation_loss_if_loader"))
        return f"a slower loader cost {low * 100:.0f} to {_share(high)}, of {expected} if it limits"
    return f"it used {_share(row['loader_cpu_share'])} of its CPU"


def _known(row: Row, name: str) -> float:
    """The figure, or NaN, which no comparison holds for."""
    value = row.get(name)
    return nan if value is None else float(value)


def _share(value: float) -> str:
    return f"{value * 100:.2g} %" if value < 0.1 else f"{value * 100:.0f} %"
