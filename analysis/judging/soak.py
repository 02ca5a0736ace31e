"""What a soak shows: stalls, a leak, a drift of latency or CPU time, or none of them; and its course by seconds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import units
from analysis.course import ERROR, UNTOLD, Trend, drift, many_slow, rise
from analysis.histograms import Distribution, decoded
from analysis.records.reading import Results
from analysis.statistics import NAN

WAITED = 0.5  # of a pause: who was ready for so long while others had the CPU, didn't make it
SERVERS = 0.5  # of the longest latency, that a request waited at the server: else the load generator was late
WARMED_UP = 2.0  # minutes after which forks, the slowest here, have the pages that they need


@dataclass(frozen=True)
class Stall:
    """A second, and perhaps the ones after it, in which many requests were slow."""

    at_s: float
    seconds: int
    longest_us: float
    slow: int  # requests


@dataclass(frozen=True)
class Course:
    """A soak's seconds as arrays, in their order; NaN where nothing is known."""

    table: pd.DataFrame
    told: list[Distribution] = field(repr=False)  # latencies of each second, ns

    @cached_property
    def at_s(self) -> NDArray[np.float64]:
        return self.table["at_s"].to_numpy(float)

    def percentile_us(self, share: float) -> NDArray[np.float64]:
        """Of those that were answered, each second."""
        return np.array([_percentile(one, share) for one in self.told]) / 1e3

    @cached_property
    def longest_us(self) -> NDArray[np.float64]:
        return np.array([one.values[-1] if len(one.values) else NAN for one in self.told]) / 1e3

    @property
    def memory_mib(self) -> NDArray[np.float64]:
        return self.table["own_bytes"].to_numpy(float) / 2**20

    @cached_property
    def unanswered(self) -> NDArray[np.int64]:
        return (self.table["offered"] - self.table["answered"]).clip(lower=0).to_numpy(int)

    @cached_property
    def cpu_share(self) -> NDArray[np.float64]:
        """Of one CPU, between the last look before a second's end and the one before; NaN where there was none."""
        used, at = (self.table[name].to_numpy(float) for name in ("server_cpu_s", "sampled_s"))
        passed = np.diff(at, prepend=NAN)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(passed > 0, np.diff(used, prepend=NAN) / passed, NAN)

    @cached_property
    def waited_s(self) -> NDArray[np.float64]:
        """How long others had the CPU between the looks before and after a second: when in between, nobody knows."""
        waited, looked_s = (self.table[name].to_numpy(float) for name in ("kept_waiting_s", "sampled_s"))
        before = np.maximum(np.searchsorted(looked_s, self.at_s, side="right") - 1, 0)
        after = np.minimum(np.searchsorted(looked_s, self.at_s + 1.0), len(waited) - 1)
        return np.maximum(waited[after] - waited[before], 0.0)

    @cached_property
    def waited_share(self) -> float:
        """The same of all the time."""
        waited = self.table["kept_waiting_s"].to_numpy(float)
        passed = float(self.table["sampled_s"].iloc[-1] - self.table["sampled_s"].iloc[0])
        return max(0.0, float(waited[-1] - waited[0])) / passed if passed > 0 else 0.0


@dataclass(frozen=True)
class Findings:
    """What a soak's tests say. A trend that isn't shown is given all the same: its interval says what could hide."""

    stalls: list[Stall]
    unseen_s: float = 0.0  # within it, of windows that the load generator has lost
    others: int = 0  # seconds with a pause that isn't the server's
    waited: float = 0.0  # of the time others had the CPU while its threads were ready
    leak: Trend = UNTOLD  # bytes
    latency: Trend = UNTOLD  # of the median, a share
    cpu: Trend = UNTOLD  # a request, by the load generator's where that is on this machine, a share
    least: float = 0.0  # drift that is worth a finding, as a share
    busy: float = 1.0  # share of the time from which on a machine is too busy for a drift to be the server's
    by_loader: bool = True  # whether the CPU time is told by the load generator's


def course(results: Results) -> Course | None:
    """The seconds of a soak; None of another run."""
    table = results.seconds
    if table.empty:
        return None
    empty = Distribution(np.array([], np.int64), np.array([], np.int64))
    return Course(table, [decoded(text) if isinstance(text, str) and text else empty for text in table["latency_hdr"]])


def findings(results: Results, seen: Course) -> Findings:
    """What its tests say."""
    windows = results.windows[results.windows["replies"] > 0]
    by_loader = not windows["elsewhere"].any()  # on other hosts its minutes are other ones
    used = (windows["server_cpu_s"] / windows["loader_cpu_s" if by_loader else "replies"]).to_numpy(float)
    began = (windows["started_ns"] / 1e9).to_numpy(float)
    stalls, others = _stalls(seen)
    return Findings(
        stalls,
        _unseen_s(seen),
        others,
        seen.waited_share,
        rise(seen.at_s, seen.table["own_bytes"].to_numpy(float)),
        drift(seen.at_s, np.nan_to_num(seen.percentile_us(0.5))),
        drift(began, np.nan_to_num(used)),
        results.thresholds.get("trend_share", 0.0),
        results.thresholds.get("taken_share", 1.0),
        by_loader,
    )


def sentences(found: Findings, seen: Course) -> Iterator[str]:
    """Each finding, and what wasn't found with what could have been."""
    for stall in found.stalls:
        for_s = f" and for {stall.seconds} s" if stall.seconds > 1 else ""
        yield (
            f"Stall: at {stall.at_s:.0f} s{for_s} {stall.slow} requests were slower than is usual, the slowest took "
            f"{units.duration(stall.longest_us)}."
        )
    if not found.stalls:
        yield f"No stall of the server's in {len(seen.at_s)} s."
    if found.others:
        yield (
            f"In {found.others} s requests were slow while others had the CPU, or the load generator was late: that is "
            "none of the server's doing."
        )
    if found.unseen_s:
        yield f"Of {found.unseen_s:.0f} s within it nothing is known: the load generator has lost windows (run.json)."
    yield _of_memory(found.leak)
    if found.waited > found.busy:
        yield (
            f"Whether latency or CPU time drifts can't be told: for {units.share(found.waited)} of the time its "
            "threads were ready and waited for a CPU."
        )
        return
    yield _of_drift("median latency", found.latency, found.least)
    yield _of_drift("CPU time a request" + " (by the load generator's)" * found.by_loader, found.cpu, found.least)


def _of_memory(leak: Trend) -> str:
    if leak.p_value != leak.p_value:
        return "Whether memory rises can't be told: the soak is too short, or the kernel doesn't tell."
    per_minute = [value / 2**20 / leak.minutes for value in leak.change]
    said = f"{per_minute[0]:.3g} MiB a minute (95 %: {per_minute[1]:.3g} to {per_minute[2]:.3g})"
    longer = " A warm-up would level off in a longer soak." if leak.minutes < WARMED_UP else ""
    return f"Leak: memory rises by {said}.{longer}" if leak.is_shown else f"No leak is shown: memory moved by {said}."


def _of_drift(what: str, trend: Trend, least: float) -> str:
    if trend.p_value != trend.p_value:
        return f"Whether {what} drifts can't be told: the soak is too short."
    value, low, high = trend.change
    said = f"{_moved(value)} in {trend.minutes:.1f} min (95 %: {_moved(low)} to {_moved(high)})"
    if is_drift(trend, least):
        return f"Drift: {what} moved by {said}."
    return f"No drift is shown: {what} moved by {said}."


def _moved(share: float) -> str:
    return f"{share * 100:+.2g} %" if abs(share) < 0.995 else f"{share * 100:+,.0f} %"


def is_drift(trend: Trend, least: float) -> bool:
    """Whether it is shown to move, by as much as matters."""
    return trend.is_shown and abs(trend.change.value) > least


def _stalls(seen: Course) -> tuple[list[Stall], int]:
    """Seconds with many slow requests, those next to each other as one; and how many of them the machine made."""
    usual_us = float(np.nanmedian(seen.longest_us)) if np.isfinite(seen.longest_us).any() else NAN
    over = [int(one.counts[one.values > usual_us * 1e3].sum()) for one in seen.told]
    slow = [count + int(lost) for count, lost in zip(over, seen.unanswered, strict=True)]
    found: list[Stall] = []
    not_its_own = 0
    for place in many_slow(slow):
        longest_us = float(np.nan_to_num(seen.longest_us[place]))
        service_us = float(seen.table["service_max_ns"].iloc[place]) / 1e3
        is_machines = seen.waited_s[place] * 1e6 > WAITED * longest_us or service_us < SERVERS * longest_us
        if is_machines and not seen.unanswered[place]:
            not_its_own += 1
            continue
        at_s = float(seen.at_s[place])
        if found and at_s - (found[-1].at_s + found[-1].seconds) < 1.0:
            last = found.pop()
            longest_us = max(longest_us, last.longest_us)
            found.append(Stall(last.at_s, last.seconds + 1, longest_us, last.slow + slow[place]))
        else:
            found.append(Stall(at_s, 1, longest_us, slow[place]))
    return found, not_its_own


def _unseen_s(seen: Course) -> float:
    """From the end of a window to the next one that there is, where there should have been others between."""
    after_lost = np.diff(seen.table["round"].to_numpy(int)) > 1
    return float((np.diff(seen.at_s) - 1.0)[after_lost].sum())


def _percentile(one: Distribution, share: float) -> float:
    """Nanoseconds; NaN of nothing."""
    if not len(one.values):
        return NAN
    return float(one.values[np.searchsorted(np.cumsum(one.counts), share * one.total)])


HOW_SURE = (
    f"each kind of finding is made by chance in {units.share(ERROR)} of soaks in which there is nothing; what the "
    "machine does for minutes can pass for a drift"
)
