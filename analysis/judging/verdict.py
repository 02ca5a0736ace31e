"""What limited a cell, and whether its throughput and latency can be relied on: pure functions of one cell.

Its row has the columns of cells.csv, its evidence is what evidence.py adds; the thresholds are the table
[verdict] of bench.toml. A loader that rests doesn't limit. Of one that hardly rests its share of CPU time cannot tell:
two processes that wait for each other are both busy. So in some windows it takes longer for each request on
purpose. Where it sets the pace the rate falls by as much; where the server does, the loader only waits less.
"""

from collections.abc import Iterator, Mapping
from math import isnan, nan
from typing import Any

import pandas as pd

from analysis import doubts
from analysis.doubts import Doubt
from analysis.judging.evidence import Evidence
from analysis.statistics import supported

Row = Mapping[str, Any] | pd.Series

ACHIEVED = 0.99  # of the offered requests: the server kept up
OF_SERVICE = 0.5  # of the median service time: where replies lie so long before they are seen, the loader is behind


def limited_by(row: Row, seen: Evidence, thresholds: Mapping[str, float], handler: str | None = None) -> str:
    """server, loader, both (can't be told), round-trip, handler, starvation, errors or offered rate."""
    if _fails(row, seen, thresholds):
        return "errors"
    if _known(row, "starved") > 0:
        return "starvation"
    if handler:
        return "handler"
    if seen.shares_cpu:
        return "loader"
    if row["load"] != "closed":
        return _limit_of_open_loop(row, seen)
    return _loader_limits(row, thresholds) or _limit_beyond_loader(row, seen, thresholds)


def doubts_about(row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> Iterator[Doubt]:
    """Why throughput and latency are doubtful, each with its number; `limited_by` is in the row."""
    limit = row["limited_by"]
    if limit in ("loader", "both"):
        kind = doubts.LOADER_LIMITED if limit == "loader" else doubts.MAYBE_LOADER_LIMITED
        yield Doubt(kind, "shares a CPU with the servers" if seen.shares_cpu else _loader_evidence(row))
    if seen.wrong:
        yield Doubt(doubts.WRONG, ", ".join(f"{times:,} {kind}" for kind, times in seen.wrong.items()))
    elif limit == "errors":
        share = _failed_share(row, seen)
        yield Doubt(doubts.FAILING, _share(share) if share else "no correct reply")
    if _known(row, "starved") > 0:
        yield Doubt(doubts.STARVED, f"{row['starved']:,} of {row['clients']:,}")
    spread = _known(row, "block_spread")
    if spread > thresholds["block_spread"]:
        yield Doubt(doubts.UNSTABLE, f"spread {_share(spread)}")
    drift = _known(row, "drift")
    is_shown = seen.drift_low > 0 or seen.drift_high < 0
    if abs(drift) > thresholds["drift_share"] and is_shown:
        yield Doubt(doubts.DRIFTING, f"second half {drift * 100:+.0f} %")
    if seen.withheld_p99:
        yield Doubt(doubts.SHORT_WINDOWS, seen.withheld_p99)
    elif isnan(_known(row, "p99_us")):
        if supported(seen.latencies, 99):
            yield Doubt(doubts.UNANSWERED_TAIL, f"{seen.unanswered:,} of {seen.latencies:,}")
        else:
            yield Doubt(doubts.FEW_SAMPLES, f"{seen.latencies:,} requests")
    if seen.unreconciled:
        yield Doubt(doubts.UNRECONCILED, f"{seen.unreconciled:,} of {row['windows']:,} windows")
    littles_law = _known(row, "littles_law")
    if row["load"] == "closed" and not row["errors"] and abs(littles_law - 1) > thresholds["littles_law_share"]:
        yield Doubt(doubts.OFF_LITTLES_LAW, f"rate x latency = {littles_law:.2f} x clients")
    late = _known(row, "arrival_p90_us") / row["p99_us"] if row["p99_us"] else 0.0
    if late > thresholds["arrival_share"]:
        yield Doubt(doubts.LATE_CLOCK, f"{_share(late)} of the p99")
    yield from _doubts_of_isolation(seen, thresholds)


def _doubts_of_isolation(seen: Evidence, thresholds: Mapping[str, float]) -> Iterator[Doubt]:
    """What other servers did in its windows, and what it did itself outside of them."""
    if seen.neighbours > thresholds.get("neighbours_share", nan):  # older runs don't tell
        yield Doubt(doubts.COMPANY, f"{_share(seen.neighbours)} of their time")
    if seen.restless:
        yield Doubt(doubts.RESTLESS, f"{_share(seen.restless)} of a CPU")
    elif seen.unasked > thresholds.get("put_off_share", nan):
        yield Doubt(doubts.PUT_OFF, f"{_share(seen.unasked)} of its CPU time")


def _fails(row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> bool:
    # A reply that is wrong is never noise; of other errors some are.
    return bool(seen.wrong) or not seen.replies or _failed_share(row, seen) >= thresholds["errors_share"]


def _failed_share(row: Row, seen: Evidence) -> float:
    """The errors by all that ended in the same span, the whole of the windows; 0 without errors, NaN if unknown."""
    errors = _known(row, "errors")
    return errors / (errors + seen.replies) if errors else 0.0


def _limit_of_open_loop(row: Row, seen: Evidence) -> str:
    kept_up = row["requests"] >= ACHIEVED * seen.offered and not _known(row, "dropped") > 0
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


def _limit_beyond_loader(row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> str:
    if row["server_cpu_share"] >= thresholds["busy_share"]:
        return "server"
    # With time to spare on both sides, either the way takes it or the server lets requests wait.
    return "round-trip" if seen.round_trips <= thresholds["round_trip_factor"] else "server"


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
