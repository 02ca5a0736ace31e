"""What limited a cell, and whether its throughput and latency can be relied on: pure functions of one cell.

Its row has the columns of cells.csv, its evidence is what evidence.py adds; the thresholds are the table
[verdict] of bench.toml. A loader that rests doesn't limit. Of one that hardly rests its share of CPU time cannot tell:
two processes that wait for each other are both busy. So in some windows it takes longer for each request on
purpose. Where it sets the pace the rate falls by as much; where the server does, the loader only waits less.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from math import isnan, nan
from typing import Any

import pandas as pd

from analysis import doubts, units
from analysis.doubts import Doubt, Kind
from analysis.judging.evidence import Evidence
from analysis.records.columns import Columns, column
from analysis.statistics import supported

Row = Mapping[str, Any] | pd.Series

ACHIEVED = 0.99  # of the offered requests: the server kept up
SERVER_OR_NETWORK = "server or network"
STEP_S = 0.001  # both clocks are read within less, and a latency that is worth speaking of is longer
EXCHANGES = 2  # a request that takes no longer than so many exchanges alone is on the way for half of its time
OF_SERVICE = 0.5  # of the median service time: where replies lie so long before they are seen, the loader is behind


def limited_by(row: Row, seen: Evidence, thresholds: Mapping[str, float], handler: str | None = None) -> str:
    """server, loader, both (can't be told), round-trip, handler, starvation, errors or offered rate.

    Of a server whose CPU time isn't known it can't be told from the network.
    """
    found = _limit(row, seen, thresholds, handler)
    return SERVER_OR_NETWORK if found == "server" and not seen.is_accounted else found


def _limit(row: Row, seen: Evidence, thresholds: Mapping[str, float], handler: str | None) -> str:
    if _fails(row, seen, thresholds):
        return "errors"
    if _known(row, "starved") > 0:
        return "starvation"
    if handler:
        return "handler"
    if _takes_from_servers(seen, thresholds):
        return "loader"
    if row["load"] != "closed":
        return _limit_of_open_loop(row, seen)
    return _loader_limits(row, thresholds) or _limit_beyond_loader(row, seen, thresholds)


def doubts_about(row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> Iterator[Doubt]:
    """Why throughput and latency are doubtful, each with its number; `limited_by` is in the row."""
    beyond = partial(_beyond_threshold, thresholds)
    limit = row["limited_by"]
    if limit in ("loader", "both"):
        kind = doubts.LOADER_LIMITED if limit == "loader" else doubts.MAYBE_LOADER_LIMITED
        yield _loader_doubt(kind, row, seen, thresholds)
    if seen.wrong:
        yield Doubt(doubts.WRONG, ", ".join(f"{times:,} {kind}" for kind, times in seen.wrong.items()))
    elif seen.company_wrong:
        yield Doubt(doubts.WRONG, f"{seen.company_wrong:,} to its company")
    elif limit == "errors":
        failed = _failures(row, seen)
        yield beyond(doubts.FAILING, failed) if _failed_share(row, seen) else Doubt(doubts.FAILING, failed)
    if seen.moved:
        yield Doubt(doubts.MOVED, seen.moved)
    if _known(row, "starved") > 0:
        yield Doubt(doubts.STARVED, f"{row['starved']:,} of {row['clients']:,}")
    if seen.unhandled:
        yield Doubt(doubts.UNHANDLED, seen.unhandled)
    if seen.timed_out:  # a client that waited so long isn't served, however few they are
        yield Doubt(doubts.TIMED_OUT, f"{seen.timed_out:,} of {seen.replies + seen.timed_out:,}")
    spread = _known(row, "block_spread")
    if spread > thresholds["block_spread"]:
        yield beyond(doubts.UNSTABLE, f"spread {units.share(spread)}")
    yield from _doubts_of_pace(row, thresholds)
    drift = _known(row, "drift")
    is_shown = seen.drift_low > 0 or seen.drift_high < 0
    # a burst comes where the counted part begins: that it is felt there is what it is for
    if abs(drift) > thresholds["drift_share"] and is_shown and row.get("company") != "burst":
        yield beyond(doubts.DRIFTING, f"second half {drift * 100:+.0f} %")
    if seen.withheld_p99:
        yield Doubt(doubts.SHORT_WINDOWS, seen.withheld_p99)
    elif isnan(_known(row, "p99_us")):
        looked_at = round(seen.latencies * seen.drawn)
        if supported(looked_at, 99):
            yield Doubt(doubts.UNANSWERED_TAIL, f"{seen.unanswered:,} of {seen.latencies:,}")
        else:
            yield Doubt(doubts.FEW_SAMPLES, f"{looked_at:,} requests")
    if seen.unreconciled:
        yield Doubt(doubts.UNRECONCILED, f"{seen.unreconciled:,} of {row['windows']:,} windows")
    littles_law = _known(row, "littles_law")
    if row["load"] == "closed" and not row["errors"] and abs(littles_law - 1) > thresholds["littles_law_share"]:
        yield beyond(doubts.OFF_LITTLES_LAW, f"rate x latency = {littles_law:.2f} x clients")
    if seen.unstamped is None:
        late = _known(row, "arrival_p90_us") / row["p99_us"] if row["p99_us"] else 0.0
        if late > thresholds["arrival_share"]:
            yield beyond(doubts.LATE_CLOCK, f"{units.share(late)} of the p99")
    elif seen.unstamped:
        of = round((seen.latencies - seen.unanswered) * seen.drawn)
        yield Doubt(doubts.LATE_CLOCK, f"{seen.unstamped:,} of {of:,} replies without the kernel's stamp")
    if abs(seen.clock_step_s) > STEP_S:
        yield Doubt(doubts.CLOCK_SET, f"by {seen.clock_step_s:.3g} s")
    yield from _doubts_of_isolation(seen, thresholds)


def _doubts_of_pace(row: Row, thresholds: Mapping[str, float]) -> Iterator[Doubt]:
    """What a rate depends on beside the server: how many rounds there are, how fast the loader asks.

    Older runs have no thresholds for it.
    """
    beyond = partial(_beyond_threshold, thresholds)
    least = _beyond(row, "trend", 0.0)
    if least and abs(_known(row, "trend")) > thresholds.get("trend_share", nan):
        yield beyond(doubts.TREND, f"{_known(row, 'trend') * 100:+.0f} % in a block, {least * 100:+.0f} % at least")
    if _shift(row, thresholds) and row["limited_by"] not in ("loader", "both"):
        lost = _known(row, "perturbation_loss") * 100
        yield beyond(doubts.PACED, f"a loader {_slower(row)} slower cost {lost:.0f} %")


def _shift(row: Row, thresholds: Mapping[str, float]) -> float:
    """Of its rate, what a slower loader is shown to cost at least, if that is more than a little; below zero: to win.

    Older runs don't say what is little.
    """
    return _beyond(row, "perturbation_loss", thresholds.get("pace_share", nan))


def _doubts_of_isolation(seen: Evidence, thresholds: Mapping[str, float]) -> Iterator[Doubt]:
    """What other servers did in its windows, and what it did itself outside of them."""
    beyond = partial(_beyond_threshold, thresholds)
    if seen.neighbours > thresholds.get("neighbours_share", nan):  # older runs don't tell
        yield beyond(doubts.NEIGHBOURS, f"{units.share(seen.neighbours)} of their time")
    if seen.company_left >= thresholds["errors_share"]:
        yield beyond(doubts.COMPANY_LEFT, f"{units.share(seen.company_left)} of it")
    if seen.company_took > thresholds.get("taken_share", nan):
        yield beyond(doubts.COMPANY_TOOK, f"{units.share(seen.company_took)} of them")
    if seen.restless:
        yield beyond(doubts.RESTLESS, f"{units.share(seen.restless)} of a CPU")
    elif seen.unasked > thresholds.get("put_off_share", nan):
        yield beyond(doubts.PUT_OFF, f"{units.share(seen.unasked)} of its CPU time")


def served_by_others(failures: Columns) -> list[Doubt]:
    """The doubt about a cell in whose failures it was found so, after its windows."""
    blocks = len(set(column(failures, "block")[column(failures, "fault") == "owner"].tolist()))
    return [Doubt(doubts.NOT_ITS_OWN, f"in {blocks} block{'s' * (blocks > 1)}")] if blocks else []


def _fails(row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> bool:
    # A reply that is wrong is never noise; of other errors some are.
    return bool(seen.wrong) or not seen.replies or _failed_share(row, seen) >= thresholds["errors_share"]


def _failed_share(row: Row, seen: Evidence) -> float:
    """The errors by all that ended in the same span, the whole of the windows; 0 without errors, NaN if unknown."""
    errors = _known(row, "errors")
    return errors / (errors + seen.replies) if errors else 0.0


def _failures(row: Row, seen: Evidence) -> str:
    """How many requests failed, and of datagrams whether the server got them."""
    share = _failed_share(row, seen)
    if not share:
        return "no correct reply"
    if not seen.lost:
        return units.share(share)
    if seen.buffer_drops:
        return f"{units.share(share)}; of {seen.lost:,} lost the receive buffer had no room for {seen.buffer_drops:,}"
    return f"{units.share(share)}; of {seen.lost:,} lost all were received, as far as the kernel tells"


def _takes_from_servers(seen: Evidence, thresholds: Mapping[str, float]) -> bool:
    """Whether a loader that runs on their CPUs uses so much of them that it is missed; in older runs any."""
    return seen.taken > thresholds.get("taken_share", 0.0)


def _limit_of_open_loop(row: Row, seen: Evidence) -> str:
    kept_up = row["requests"] >= ACHIEVED * seen.offered and not _known(row, "dropped") > 0
    if row["load"] == "open" and kept_up:
        return "offered rate"
    # Its share of CPU time tells nothing here: it waits awake for the next arrival.
    until_seen_us = _known(row, "service_p50_us")
    if seen.unstamped is not None:
        until_seen_us += _known(row, "loader_delay_p50_us")
    return "loader" if _known(row, "arrival_p90_us") >= OF_SERVICE * until_seen_us else "server"


def _loader_limits(row: Row, thresholds: Mapping[str, float]) -> str:
    """loader, both, or nothing where it is shown not to limit.

    Where it was slowed down, that decides. Its share of CPU time is asked where it wasn't, or where that tells nothing.
    """
    if slowing_tells(row):
        return "loader" if _known(row, "perturbation_loss_low") >= _half_of_loss(row) else ""
    # one that rests isn't what the others wait for, unless slowing it down is shown to cost more than a little
    rests = row["loader_cpu_share"] < thresholds["perturb_from_share"]
    return "" if rests and _shift(row, thresholds) <= 0 else "both"


def slowing_tells(row: Row) -> bool:
    """Whether slowing the loader down shows that it limits, or that it doesn't."""
    low, high, half = _known(row, "perturbation_loss_low"), _known(row, "perturbation_loss_high"), _half_of_loss(row)
    return low >= half or high < half


def _half_of_loss(row: Row) -> float:
    """Of what would be lost if the loader limits: a loss beyond it is nearer to that than to none."""
    return _known(row, "perturbation_loss_if_loader") / 2


def _limit_beyond_loader(row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> str:
    if _known(row, "handler_cpu_us_per_request") >= _known(row, "server_cpu_us_per_request") / 2:
        return "handler"
    if row["server_cpu_share"] >= thresholds["busy_share"]:
        return "server"
    if row.get("handler", "none") not in ("none", "computes"):
        return "handler"  # with time to spare on both sides, and what it waits for is known
    # With time to spare on both sides, either the way takes it or the server lets requests wait.
    is_on_the_way = seen.round_trips <= thresholds["round_trip_factor"]
    if seen.is_accounted:
        is_on_the_way |= seen.exchanges <= EXCHANGES
    else:  # an exchange has the server's part in it; but where hardly a request is at it, it has time left
        is_on_the_way |= seen.at_server < thresholds["busy_share"]
    return "round-trip" if is_on_the_way else "server"


def _beyond(row: Row, name: str, bound: float) -> float:
    """The end of a figure's interval that is nearer to zero, if all of it lies beyond the bound on one side; else 0."""
    low, high = _known(row, f"{name}_low"), _known(row, f"{name}_high")
    return low if low > bound else high if high < -bound else 0.0


def _slower(row: Row) -> str:
    """How much longer the loader took for a request where it was slowed down."""
    lost = _known(row, "perturbation_loss_if_loader")
    return units.share(lost / (1 - lost))


def _loader_doubt(kind: Kind, row: Row, seen: Evidence, thresholds: Mapping[str, float]) -> Doubt:
    """What the loader took, or what slowing it down showed, or else how busy it was."""
    if _takes_from_servers(seen, thresholds):
        return Doubt(kind, f"took {units.share(seen.taken)} of the servers' CPUs", _told(thresholds, "taken_share"))
    low, high = _known(row, "perturbation_loss_low"), _known(row, "perturbation_loss_high")
    if isnan(low):
        key = "perturb_from_share" if row["load"] == "closed" else ""  # else its own delay decides
        return Doubt(kind, f"it used {units.share(row['loader_cpu_share'])} of its CPU", _told(thresholds, key))
    expected = units.share(_known(row, "perturbation_loss_if_loader"))
    fall = f"{low * 100:.0f} to {units.share(high)}"
    told = f"slowing the loader lowered the rate by {fall}, where {expected} is expected if it limits"
    return Doubt(kind, told, units.share(_half_of_loss(row)))


def _beyond_threshold(thresholds: Mapping[str, float], kind: Kind, number: str) -> Doubt:
    """A doubt that the threshold of its kind decides."""
    return Doubt(kind, number, _told(thresholds, kind.threshold))


def _told(thresholds: Mapping[str, float], key: str) -> str:
    """A threshold as it is written; empty in a run that is older than it."""
    return units.share(thresholds[key]) if key in thresholds else ""


def _known(row: Row, name: str) -> float:
    """The figure, or NaN, which no comparison holds for."""
    value = row.get(name)
    return nan if value is None else float(value)
