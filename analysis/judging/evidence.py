"""What the windows of a cell tell about how far its figures can be trusted: columns of cells.csv, and `Evidence`.

Nothing is decided here: analysis/judging/verdict.py does that, by the thresholds of the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.alike import Alike
from analysis.histograms import count, mean
from analysis.judging import company, route
from analysis.judging.costs import is_accounted, quotient
from analysis.judging.handlers import unhandled
from analysis.judging.latencies import block_histograms
from analysis.records.columns import Columns, column, first, length
from analysis.records.reading import Results
from analysis.statistics import NAN, UNKNOWN, Estimate, block_means, half_width

# Replies that no server may give: an altered or crossed one, and one from before its request was sent.
WRONG = ("corrupt", "early")
WAKING = 0.01  # of a window's time: hundreds of threads take less to be thawed and frozen

Told = dict[str, NDArray[np.float64]]  # fields of a cell's windows that are numbers; NaN where one isn't told
OF_NUMBERS = (
    "replies", "requests", "counted_s", "loader_cpu_s", "loader_wall_s", "loader_steal_s", "workers", "server_cpu_s",
    "server_steal_s", "unasked_cpu_s", "neighbours_cpu_s", "offered", "carried", "asked", "failed", "censored",
    "unfinished", "unanswered", "answered", "held_s", "unstamped", "clock_step_s", "connects", "buffer_drops",
    "elsewhere", "elsewhere_cpu_s", "busiest_share",
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """What the verdict on a cell stands on beside the columns of cells.csv."""

    replies: int = 0
    offered: float = 0.0  # requests meant to start in the counted parts, of an open loop
    wrong: Mapping[str, int] = field(default_factory=dict)  # replies that no server may give, by kind
    lost: int = 0  # datagrams without an answer
    buffer_drops: int = 0  # those of them that the server's receive buffer had no room for, as the kernel tells
    timed_out: int = 0  # requests and connects that were waited for in vain
    taken: float = 0.0  # of the servers' CPUs, what a loader that runs on one of them used
    round_trips: float = NAN  # a request's time by the CPU time that both sides spend on it
    drift_low: float = NAN  # the interval of the column `drift`
    drift_high: float = NAN
    unreconciled: int = 0  # windows whose counts don't add up
    latencies: int = 0  # requests that the percentiles are of
    unanswered: int = 0  # those of them that count as slower than any answer
    withheld_p99: str = ""  # the p99 and the counted part that is too short for it
    drawn: float = 1.0  # the share of the answered ones that tell their latency
    unstamped: int | None = None  # of those drawn: that end where the loader saw them; None: as all did in old records
    clock_step_s: float = 0.0  # the largest of a window, of the clock that stamps
    neighbours: float = 0.0  # CPU time that the other servers used in its windows, as a share of their time
    unasked: float = 0.0  # of the server's CPU time, what it used while nobody asked; 0 where waking up explains it
    restless: float = 0.0  # of a CPU, how busy it is when it is left alone
    company_wrong: int = 0  # wrong replies to its company
    company_left: float = 0.0  # of a company that came to stay, what was gone at some window's end
    company_took: float = 0.0  # of the loader's CPUs, what its company used
    unhandled: str = ""  # what shows that messages were answered before their handlers were done
    is_accounted: bool = True  # else its processes aren't known
    exchanges: float = NAN  # a request's time by what an exchange alone took between the same hosts
    at_server: float = NAN  # requests that are at a server that is attached, and not on the network: the mean
    moved: str = ""  # in which blocks workers of the load generator were missing that others had


def evidence(
    windows: Columns,
    perturbed: Columns | None,
    results: Results,
    starved: int,
    withheld_p99: str = "",
    restless: float = 0.0,
) -> tuple[dict[str, Any], Evidence]:
    """The evidence of one cell: what stands in cells.csv, and what is for the verdict alone."""
    numbers = np.array([column(windows, name, float) for name in OF_NUMBERS])
    told: Told = dict(zip(OF_NUMBERS, numbers, strict=True))
    sums = dict(zip(OF_NUMBERS, numbers.sum(axis=1).tolist(), strict=True))
    replies, server_s, unasked_s = (sums[name] for name in ("replies", "server_cpu_s", "unasked_cpu_s"))
    loader_us, server_us = (quotient(sums[name] * 1e6, replies) for name in ("loader_cpu_s", "server_cpu_s"))
    loader_cpus = set(map(str, results.run.get("loader_cpus") or []))
    server_cpus = _server_cpus(windows)
    wall_s = float((told["loader_wall_s"] / told["workers"]).sum())
    # what the host took is no rest
    servers_s = wall_s - sums["server_steal_s"]
    loaders_s = float((told["loader_wall_s"] - told["loader_steal_s"] * told["workers"]).sum())
    beside_s, latencies = company.took_s(windows, results.run), column(windows, "latency_hdr", object)
    followed, held_us = _held(told, latencies)
    errors = _times(windows, (*WRONG, "lost", "timed_out"))
    unanswered = int(sums["unfinished"])
    drift, drift_low, drift_high = _drift(windows)
    columns = {
        "server_cpu_share": quotient(server_s - unasked_s, servers_s * max(1, len(server_cpus))),
        "loader_cpu_share": max(quotient(sums["loader_cpu_s"], loaders_s - beside_s), _busiest(told)),
        "loader_cpu_us_per_request": loader_us,
        **_perturbation(windows, perturbed, loader_us),
        "drift": drift,
        "littles_law": _littles_law(windows, told, starved),
        **_delay(windows),
    }
    return columns, Evidence(
        replies=int(replies),
        offered=float(np.nansum(told["offered"])),
        wrong={kind: often for kind, often in errors.items() if kind in WRONG},
        lost=errors.get("lost", 0),
        buffer_drops=int(sums["buffer_drops"]),
        timed_out=errors.get("timed_out", 0),
        taken=quotient(_used_here_s(told), servers_s * len(server_cpus)) if server_cpus & loader_cpus else 0.0,
        round_trips=quotient(held_us, server_us + loader_us),
        drift_low=drift_low,
        drift_high=drift_high,
        unreconciled=_unreconciled(told),
        latencies=followed + unanswered,
        drawn=quotient(count(latencies), followed) if followed else 1.0,
        unstamped=None if isnan(sums["unstamped"]) else int(sums["unstamped"]),
        clock_step_s=float(np.abs(told["clock_step_s"]).max()),
        unanswered=unanswered,
        withheld_p99=withheld_p99,
        neighbours=quotient(sums["neighbours_cpu_s"], wall_s),
        unasked=quotient(unasked_s, server_s) if unasked_s > WAKING * wall_s else 0.0,
        restless=restless,
        **company.evidence(windows, quotient(beside_s, wall_s * max(1, len(loader_cpus)))),
        unhandled=unhandled(windows),
        is_accounted=is_accounted(windows),
        **_between_hosts(windows, held_us, results.run),
    )


def _between_hosts(windows: Columns, held_us: float, run: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "exchanges": quotient(held_us, route.exchange_us(windows, run)),
        "at_server": _at_server(windows, held_us),
        "moved": route.lost(windows, run),
    }


def _at_server(windows: Columns, held_us: float) -> float:
    """By Little's law, of a request's time what the network alone doesn't take, by the clients; NaN if unknown."""
    trips_us = column(windows, "network_round_trip_us", float)
    if not np.isfinite(trips_us).any():
        return NAN
    return float(first(windows, "clients")) * (1 - quotient(float(np.nanmedian(trips_us)), held_us))


def _server_cpus(windows: Columns) -> set[str]:
    """Those that the server runs on; none where it is attached, as nobody knows them."""
    return set(str(first(windows, "server_cpus")).split()) if is_accounted(windows) else set()


def _used_here_s(told: Told) -> float:
    """The CPU time of the loader's workers that are on the servers' machine."""
    return float((told["loader_cpu_s"] - told["elsewhere_cpu_s"]).sum())


def _busiest(told: Told) -> float:
    """Of workers on several hosts the busiest limits first, however much the others rest; 0 on one machine."""
    return float(np.nanmean(told["busiest_share"])) if told["elsewhere"].any() else 0.0


def _delay(windows: Columns) -> dict[str, float]:
    """The loader's own."""
    delay = Alike(block_histograms(windows, "arrival_hdr"))
    percents = {"arrival_p90_us": 90, "loader_delay_p50_us": 50, "loader_delay_p99_us": 99}
    return {name: delay.percentile(percent) / 1e3 for name, percent in percents.items()}


def _held(told: Told, latencies: NDArray[np.object_]) -> tuple[int, float]:
    """How many requests of the latencies were answered, and their mean time by the loader's clock in µs.

    In older records latencies ended by that clock, and were those of all.
    """
    if np.isnan(told["answered"]).any() or np.isnan(told["held_s"]).any():
        return count(latencies), mean(latencies) / 1e3
    answered = int(told["answered"].sum())
    return answered, quotient(told["held_s"].sum() * 1e6, answered)


def _times(windows: Columns, kinds: Sequence[str]) -> dict[str, int]:
    """How often each of these kinds of errors came, in the order of the list; those that didn't are left out."""
    came = [errors for errors in windows["errors"] if errors]
    times = {kind: sum(errors.get(kind, 0) for errors in came) for kind in kinds}
    return {kind: often for kind, often in times.items() if often}


def _perturbation(windows: Columns, perturbed: Columns | None, loader_us: float) -> dict[str, Any]:
    """How much of its rate the cell lost where the loader was slowed down, and what it would if that limits it.

    Each perturbed window is held against the ordinary one beside it; where there is none, as in all older runs,
    against those of its block, in which the same processes ran.
    """
    if perturbed is None:
        return {"perturbed_windows": 0}
    rates = (column(windows, "requests", float) / column(windows, "counted_s", float)).tolist()
    of_block = block_means(column(windows, "block"), rates)
    beside: dict[tuple[int, int], list[float]] = {}
    for block, round_, rate in zip(column(windows, "block"), column(windows, "round"), rates, strict=True):
        if rate:  # nor does one that paused in the ordinary window
            beside.setdefault((block, round_), []).append(rate)
    # A server that paused says nothing of the loader.
    paired = np.isin(column(perturbed, "block"), list(of_block)) & (column(perturbed, "replies") > 0)
    names = ("block", "round", "requests", "counted_s", "spin_ns")
    blocks, rounds, requests, counted_s, spin_ns = (column(perturbed, name)[paired] for name in names)
    places = zip(blocks.tolist(), rounds.tolist(), strict=True)
    ordinary = [np.mean(beside.get(place, of_block[place[0]])) for place in places]
    spin_us = float(spin_ns.mean()) / 1e3 if len(spin_ns) else NAN
    found: dict[str, Any] = {"perturbed_windows": length(perturbed)}
    found["perturbation_loss_if_loader"] = quotient(spin_us, loader_us + spin_us)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = requests / counted_s / np.array(ordinary)
    if len(set(blocks.tolist())) < 2 or not np.isfinite(kept).all() or (kept <= 0).any():
        return found
    logs = np.log(kept)
    centre, half = float(logs.mean()), half_width(logs.tolist())
    low, value, high = (1 - float(np.exp(centre + side * half)) for side in (1, 0, -1))
    return found | {"perturbation_loss": value, "perturbation_loss_low": low, "perturbation_loss_high": high}


def _drift(windows: Columns) -> Estimate:
    """The rate of the counted parts' second halves by that of their first, less 1; the interval over blocks."""
    logs = list(log_drift(windows).values())
    if not logs:
        return UNKNOWN
    centre, half = float(np.mean(logs)), half_width(logs)
    low, high = (float(np.exp(centre + side * half)) - 1 for side in (-1, 1))
    return Estimate(float(np.exp(centre)) - 1, low, high)


def log_drift(windows: Columns) -> dict[int, float]:
    """The logarithm of that rate's change in each block that tells it."""
    half = column(windows, "first_half", float)
    second = column(windows, "requests", float) - half
    told = (half > 0) & (second > 0)  # also false where nothing is known
    return block_means(column(windows, "block")[told], np.log(second[told] / half[told]))


def _littles_law(windows: Columns, told: Told, starved: int) -> float:
    """Rate times the mean time of a request, by the clients that were served: 1 if both are measured rightly.

    That time ends when the loader has seen the answer: only then does the client ask anew. A window at whose end more
    are waiting than starve has a pause in it, which is no request's time.
    """
    steady = (told["requests"] != 0) & (told["unfinished"] <= told["unanswered"])
    if not steady.any():
        return NAN
    told = {name: told[name][steady] for name in ("answered", "held_s", "requests", "counted_s", "connects", "replies")}
    _, held_us = _held(told, column(windows, "latency_hdr", object)[steady])
    rate = told["requests"].sum() / told["counted_s"].sum()
    connect_us = 0.0
    # the clock of `greet` starts with the connect; elsewhere connecting comes before it
    if told["connects"].sum() and first(windows, "service") != "greet":
        connect_us = mean(column(windows, "connect_hdr", object)[steady]) / 1e3
        connect_us *= quotient(told["connects"].sum(), told["replies"].sum())
    return quotient(rate * (held_us + connect_us) / 1e6, int(first(windows, "clients")) - starved)


def _unreconciled(told: Told) -> int:
    """In how many windows the requests that came in are not those that went out."""
    come = told["carried"] + told["asked"]
    gone = told["replies"] + told["failed"] + told["censored"]
    known = ~np.isnan(come) & ~np.isnan(gone)
    return int((known & (come != gone)).sum())
