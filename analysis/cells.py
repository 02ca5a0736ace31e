"""One tidy row per cell: cells.csv.

Columns, units in their names; figures are empty where the data do not give them:

- strategy, variant, service, clients, message_size (bytes), requests_per_connection (empty: unlimited)
- blocks, windows: how many were recorded
- requests: correct replies in the counted parts; errors: of all kinds
- starved: clients without a single correct reply in a whole block, in the block that had most of them; blocks with
  fewer windows than others had less time to serve everyone, and aren't asked
- throughput_rps: correct replies per second: mean of a block's windows, geometric mean over blocks;
  _low, _high: 95 % interval over blocks, on the log scale; wider by 8 % where the run went on until its
  intervals were narrow enough (as all intervals over blocks then are, but for ratios: those decide no stop)
- throughput_mib_s: payload in one direction
- p50_us .. p999_us, max_us: latency pooled over all windows; p99 needs 1,000 requests, p999 10,000,
  and in a closed loop both a counted part of at least five times the p99 (window.p99_multiple). Of starved
  clients nothing is in them; requests that were still open when their window ended count as slower than any
  answer, and max_us is empty then. In an open loop they are counted from the instant at which a request was
  meant to start.
- server_cpu_us_per_request: CPU time of the server's process tree per correct reply, head and drain included
- loader_cpu_share: the load generator's CPU time by wall time
- status: ok, incomplete (failed in some blocks), unchecked (failed the conformance check, measured all
  the same), skipped, failed
- verdict: ok, or doubtful: throughput and latency are not to be relied on; server CPU per request still is.
  Empty for what was skipped
- reason: of the status, then of the doubt, each with its number in brackets
- limited_by: server, loader, both (can't be told), round-trip (too few clients to fill either side), handler
  (it was told to wait or to compute), starvation, errors, offered rate (open loop: it served all of it)
- rank: 1 + the strategies of the group that were shown to be faster, 5 % for a single wrong order in all of
  them; those not told apart share it. By throughput, of those that serve all clients. What the loader limits
  has none, but counts as faster where it was: without that limit it were faster still. None in an open loop.
  cpu_rank: the same by server CPU per request, the least first
- ratio, ratio_low, ratio_high: throughput by that of the reference strategy, or of the same strategy's first
  variant, in the same round: median of a block's rounds, geometric mean over blocks
- censored: requests still open after a window's drain, those of starved clients included
- connect_p50_us; server_minor_faults_per_request
- p50_us_low .. p99_us_high: 95 % intervals: the wider of what the blocks' own values spread and of the order
  statistics of all requests; server_cpu_us_per_request_low, _high: from the blocks' own values
- load, rate (as it was asked for; empty for closed), server_cpus: the rest of what makes a cell

The evidence of verdict and limited_by:

- server_cpu_share: the servers' CPU time by wall time and number of their CPUs; loader_cpu_us_per_request
- perturbed_windows: in which the loader was slowed down on purpose; perturbation_loss: the share of the rate that
  was lost in them, _low, _high: 95 % interval over these windows, each by the ordinary ones of its block;
  perturbation_loss_if_loader: what would be lost if the loader set the pace
- drift: rate in the second halves of the counted parts by that in the first, less 1
- littles_law: rate times mean time of a request, connecting included, by the clients that were served: 1
  where rate and latency agree
- arrival_p90_us: from a reply's arrival in the kernel to the loader's clock, of a sample of replies

What it costs:

- capacity_per_core_rps: replies that one CPU could give, 1 s / CPU per request: the loader has no part in it
- server_user_us_per_request, server_system_us_per_request; voluntary_switches_per_request,
  involuntary_switches_per_request (empty where processes or threads come and go)
- memory_idle_mib: proportional set size of the process tree without clients; memory_mib: with all of them
  connected; memory_per_connection_kib: the difference by clients; threads, processes: with all clients
  connected

Open loop and knee:

- offered_rps, dropped: requests meant to start in the counted parts, by second; of those never sent
- service_p50_us, service_p99_us: from the actual send to the reply; dispatch_p50_us, dispatch_p99_us: from the
  intended to the actual send
- knee_rps, _low, _high: the highest rate that kept its p99 under the limit, geometric mean over blocks
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.command import main
from analysis.costs import footprint, server_cpu
from analysis.doubts import Doubt, touching
from analysis.evidence import Evidence, evidence
from analysis.latencies import columns, latencies, open_loop
from analysis.points import CELL_KEYS, as_file, first_value, group_of, label
from analysis.records import Results
from analysis.statistics import UNKNOWN, Estimate, Rounds, block_means, geometric, merged, percentile, ranks, ratio
from analysis.verdict import doubts_about, limited_by
from axes import ALONG

COLUMNS = [
    "strategy", "variant", "service", "clients", "message_size", "requests_per_connection", "blocks",
    "windows", "requests", "errors", "starved", "throughput_rps", "throughput_rps_low", "throughput_rps_high",
    "throughput_mib_s", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "server_cpu_us_per_request",
    "loader_cpu_share", "status", "verdict", "reason", "limited_by", "rank", "cpu_rank",
    "ratio", "ratio_low", "ratio_high", "censored", "connect_p50_us", "server_minor_faults_per_request",
    "p50_us_low", "p50_us_high", "p99_us_low", "p99_us_high",
    "server_cpu_us_per_request_low", "server_cpu_us_per_request_high", "load", "rate", "server_cpus",
    "server_cpu_share", "loader_cpu_us_per_request", "perturbed_windows", "perturbation_loss",
    "perturbation_loss_low", "perturbation_loss_high", "perturbation_loss_if_loader", "drift", "littles_law",
    "arrival_p90_us", "capacity_per_core_rps", "server_user_us_per_request", "server_system_us_per_request",
    "voluntary_switches_per_request", "involuntary_switches_per_request", "memory_idle_mib", "memory_mib",
    "memory_per_connection_kib", "threads", "processes", "offered_rps", "dropped", "service_p50_us",
    "service_p99_us", "dispatch_p50_us", "dispatch_p99_us", "knee_rps", "knee_rps_low", "knee_rps_high",
    "status_reason", "doubts",
]  # fmt: skip
COUNTS = ["clients", "message_size", "requests_per_connection", "blocks", "windows", "requests", "errors",
          "starved", "rank", "cpu_rank", "censored", "perturbed_windows", "threads", "processes",
          "dropped"]  # fmt: skip
TEXTS = ["strategy", "variant", "service", "status", "verdict", "reason", "limited_by", "load", "rate", "server_cpus",
         "status_reason"]  # fmt: skip
NO_KNEE = "no rate kept its p99 under the limit"
NOT_COMPARED = ("starvation", "errors")
Key = tuple[Any, ...]  # the values of CELL_KEYS


def write(results: Results, table: pd.DataFrame) -> Path:
    """Write the table as cells.csv into the results folder, whole or not at all. OSError."""
    path = results.folder / "cells.csv"
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        coded = as_file(table).assign(
            doubts=[" ".join(doubt.kind.code for doubt in doubts) for doubts in table["doubts"]]
        )
        coded.to_csv(unfinished, index=False, float_format="%.7g", lineterminator="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def tabulate(results: Results) -> pd.DataFrame:
    """The cells in the order of the plan: groups as they were measured, strategies as in bench.toml.

    It takes seconds: whoever needs them twice keeps them.
    """
    windows, failures = _by_cell(results.windows), _by_cell(results.failures)
    perturbed, footprints = _by_cell(results.perturbed), _by_cell(results.footprints)
    probes = _by_cell(results.probes)
    rates = {key: by_round(part, part["requests"] / part["counted_s"]) for key, part in windows.items()}
    rows = {}
    for key in {**windows, **probes, **failures}:  # in the order of their appearance, each once
        cell = dict(zip(CELL_KEYS, key, strict=True))
        measured, failed = windows.get(key), failures.get(key)
        widened = results.widened(cell["variant"])
        seen = Evidence()
        if measured is not None:
            cell |= _figures(measured, widened)
            waited, withheld_p99 = latencies(measured, results.p99_multiple(cell["load"]), widened)
            cell |= waited | open_loop(measured) | _knee(measured, widened)
            cell |= server_cpu(measured, widened) | footprint(footprints.get(key))
            shown, seen = evidence(measured, perturbed.get(key), results, cell["starved"], withheld_p99)
            cell |= shown | columns("ratio", _ratio_to_reference(cell, key, rates, results))
        _judge(cell, seen, measured, failed, results)
        rows[key] = cell
    _rank(rows, "rank", {key: rates[key] for key in rates if _is_compared(rows[key])})
    for cell in rows.values():
        if touching(cell, "throughput_rps"):
            cell["rank"] = None
    # the least CPU first: as rates these are the replies of a second of CPU
    used = {
        key: {place: 1 / cpu for place, cpu in by_round(part, part["server_cpu_s"] / part["replies"]).items() if cpu}
        for key, part in windows.items()
    }
    _rank(rows, "cpu_rank", used)
    first = {key: min(part[key]["group"].min() for part in (windows, failures, probes) if key in part) for key in rows}
    strategies = {name: place for place, name in enumerate(results.run.get("strategies") or {})}
    place = {key: (first[key], strategies.get(key[0], len(strategies)), along_value(rows[key])) for key in rows}
    in_order = sorted(rows, key=lambda key: place[key])
    return _tidy([rows[key] for key in in_order])


def _by_cell(records: pd.DataFrame) -> dict[Key, pd.DataFrame]:
    return dict(list(records.groupby(CELL_KEYS, sort=False)))


def _tidy(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table[COUNTS] = table[COUNTS].astype("Float64").astype("Int64")
    table[TEXTS] = table[TEXTS].fillna("")
    figures = [column for column in COLUMNS if column not in (*COUNTS, *TEXTS, "doubts")]
    table[figures] = table[figures].astype(float)
    return table


def along_value(cell: Mapping[str, Any]) -> Any:
    """The value that tells a cell from others of its strategy in a group; 0 where a group compares along no axis."""
    return cell[cell[ALONG]] if cell[ALONG] else 0


def _ratio_to_reference(cell: dict[str, Any], key: Key, rates: dict[Key, Rounds], results: Results) -> Estimate:
    """To the reference strategy; where the same strategy is there in several forms, to the first of those.

    The first variant; along an axis, the usual value, or the least where that isn't measured.
    """
    variants = list(results.run.get("variants") or {})
    if cell[ALONG]:
        other = _at_first_value(cell, key, rates, results.usual[cell[ALONG]])
    elif variants:
        other = (key[0], variants[0], *key[2:])
    else:
        other = (results.run.get("reference"), "", *key[2:])
    return ratio(rates[key], rates[other]) if other in rates else UNKNOWN


def _at_first_value(cell: dict[str, Any], key: Key, rates: dict[Key, Rounds], usual: Any) -> Key:
    place = CELL_KEYS.index(cell[ALONG])
    rest = key[:place] + key[place + 1 :]
    alike = {other[place]: other for other in rates if other[:place] + other[place + 1 :] == rest}
    return alike[first_value(alike, usual)]


def _is_compared(cell: dict[str, Any]) -> bool:
    return cell["load"] != "open" and cell["limited_by"] not in NOT_COMPARED


def _rank(rows: dict[Key, dict[str, Any]], column: str, rates: Mapping[Key, Rounds]) -> None:
    """Rank the cells of each group among each other."""
    groups = {key: group_of(rows[key]) for key in rates}
    for group in dict.fromkeys(groups.values()):
        members = {key: blocks for key, blocks in rates.items() if groups[key] == group}
        for key, rank in ranks(members).items():
            rows[key][column] = rank


def by_round(windows: pd.DataFrame, values: pd.Series) -> Rounds:
    """A figure of a cell's windows by their place: a window is the only one of its cell in a block and round."""
    return dict(zip(zip(windows["block"], windows["round"], strict=True), values, strict=True))


def _figures(windows: pd.DataFrame, widened: float) -> dict[str, Any]:
    rates = block_means(windows["block"], windows["requests"] / windows["counted_s"])
    throughput = geometric(list(rates.values()), widened)
    by_block = windows.sort_values("started_ns").groupby("block")["unanswered"]
    # a block that was cut short, or had fewer rounds, had less time to serve everyone
    last = by_block.last()[by_block.size() == by_block.size().max()]
    return {
        "blocks": len(rates),
        "windows": len(windows),
        "requests": windows["requests"].sum(),
        "errors": sum(sum(kinds.values()) for kinds in windows["errors"] if kinds),
        "starved": last.max(),
        **columns("throughput_rps", throughput),
        "throughput_mib_s": throughput.value * windows["message_size"].iloc[0] / (1 << 20),
        "censored": windows["censored"].sum(),
        "connect_p50_us": percentile(merged(windows["connect_hdr"]), 50) / 1e3,
    }


def _knee(windows: pd.DataFrame, widened: float) -> dict[str, float]:
    if windows["load"].iloc[0] != "knee":
        return {}
    return columns("knee_rps", geometric(list(block_means(windows["block"], windows["rate_rps"]).values()), widened))


def _judge(
    cell: dict[str, Any],
    seen: Evidence,
    measured: pd.DataFrame | None,
    failed: pd.DataFrame | None,
    results: Results,
) -> None:
    """Fill in status, limited_by, verdict and the reasons of both."""
    found: list[Doubt] = []
    reasons = [] if failed is None else [str(failed.iloc[0]["reason"])]
    if measured is None:
        cell["status"] = "failed" if failed is None else str(failed.iloc[0]["status"])
        reasons = reasons or [NO_KNEE]
        is_skipped = cell["status"] == "skipped"
        # a server that answered nobody, or died
        cell["limited_by"] = "" if is_skipped or failed is None else "errors"
        cell["verdict"] = "" if is_skipped else "doubtful"
    else:
        strategy = (results.run.get("strategies") or {}).get(cell["strategy"]) or {}
        cell["limited_by"] = cell["verdict"] = ""
        if results.thresholds:
            cell["limited_by"] = limited_by(cell, seen, results.thresholds, strategy.get("handler"))
            found = list(doubts_about(cell, seen, results.thresholds))
            cell["verdict"] = "doubtful" if found else "ok"
        is_unchecked = not measured["checked"].all()
        if is_unchecked:
            unchecked = results.run.get("unchecked") or {}
            reasons.append(unchecked.get(label(cell)) or "failed the conformance check")
        cell["status"] = "unchecked" if is_unchecked else "incomplete" if failed is not None else "ok"
    reasons = [reason for reason in reasons if reason]
    cell["status_reason"] = "; ".join(reasons)
    cell["doubts"] = tuple(found)
    cell["reason"] = "; ".join([*reasons, *map(str, found)])


if __name__ == "__main__":
    sys.exit(main("python -m analysis.cells", "write RESULTS/cells.csv", lambda run: [write(run, tabulate(run))]))
