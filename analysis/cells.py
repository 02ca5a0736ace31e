"""One tidy row per cell: cells.csv.

Columns, units in their names; figures are empty where the data do not give them:

- strategy, variant, service, clients, message_size (bytes), requests_per_connection (empty: unlimited)
- blocks, windows: how many were recorded
- requests: correct replies in the counted parts; errors: of all kinds
- starved: clients without a single correct reply in a whole block, in the block that had most of them
- throughput_rps: correct replies per second: mean of a block's windows, geometric mean over blocks;
  _low, _high: 95 % interval over blocks, on the log scale
- throughput_mib_s: payload in one direction
- p50_us .. p999_us, max_us: latency pooled over all windows; p99 needs 1,000 requests, p999 10,000,
  and both a counted part of at least five times the p99. Of starved clients nothing is in them; requests that
  were still open when their window ended count as slower than any answer, and max_us is empty then.
- server_cpu_us_per_request: CPU time of the server's process tree per correct reply, head and drain included
- loader_cpu_share: the load generator's CPU time by wall time
- status: ok, incomplete (failed in some blocks), unchecked (failed the conformance check, measured all
  the same), skipped, failed; reason
- ratio, ratio_low, ratio_high: throughput by that of the reference strategy, within blocks
- censored: requests still open after a window's drain, those of starved clients included
- connect_p50_us; server_minor_faults_per_request
- p50_us_low .. server_cpu_us_per_request_high: 95 % intervals from the blocks' own values
- load, server_cpus: the rest of what makes a cell
"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.command import main
from analysis.load import CELL_KEYS, Results, load
from analysis.statistics import (
    NAN,
    UNKNOWN,
    Estimate,
    around,
    block_means,
    geometric,
    merged,
    percentile,
    ratio,
)

COLUMNS = [
    "strategy", "variant", "service", "clients", "message_size", "requests_per_connection", "blocks",
    "windows", "requests", "errors", "starved", "throughput_rps", "throughput_rps_low", "throughput_rps_high",
    "throughput_mib_s", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "server_cpu_us_per_request",
    "loader_cpu_share", "status", "reason",
    "ratio", "ratio_low", "ratio_high", "censored", "connect_p50_us", "server_minor_faults_per_request",
    "p50_us_low", "p50_us_high", "p99_us_low", "p99_us_high",
    "server_cpu_us_per_request_low", "server_cpu_us_per_request_high", "load", "server_cpus",
]  # fmt: skip
COUNTS = ["clients", "message_size", "requests_per_connection", "blocks", "windows", "requests", "errors",
          "starved", "censored"]  # fmt: skip
Key = tuple[Any, ...]  # the values of CELL_KEYS
TIMES_P99 = 5  # a window shorter than this many p99s sees too few slow requests from start to end


def write(results: Path) -> Path:
    """Write RESULTS/cells.csv, whole or not at all. ResultsError, OSError."""
    path = Path(results) / "cells.csv"
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        tabulate(load(results)).to_csv(unfinished, index=False, float_format="%.7g", lineterminator="\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def tabulate(results: Results) -> pd.DataFrame:
    """The cells in the order of the plan: groups as they were measured, strategies as in bench.toml."""
    windows = dict(list(results.windows.groupby(CELL_KEYS, sort=False)))
    failures = dict(list(results.failures.groupby(CELL_KEYS, sort=False)))
    unchecked = results.run.get("unchecked") or {}
    rates = {key: _rates(part) for key, part in windows.items()}
    rows = []
    for key in {**windows, **failures}:  # in the order of their appearance, each once
        cell = dict(zip(CELL_KEYS, key, strict=True))
        measured, failed = windows.get(key), failures.get(key)
        if measured is not None:
            cell |= _figures(measured, rates[key])
            cell |= _columns("ratio", _ratio_to_reference(key, rates, results.run.get("reference")))
        cell |= _status(cell, measured, failed, unchecked)
        cell["_group"] = min(part["group"].min() for part in (measured, failed) if part is not None)
        rows.append(cell)
    table = pd.DataFrame(rows, columns=[*COLUMNS, "_group"])
    order = {name: place for place, name in enumerate(results.run.get("strategies") or {})}
    table["_strategy"] = [order.get(name, len(order)) for name in table["strategy"]]
    table = table.sort_values(["_group", "_strategy"], kind="stable", ignore_index=True)[COLUMNS]
    table[COUNTS] = table[COUNTS].astype("Int64")
    unlimited = table["requests_per_connection"] == 0
    table.loc[unlimited, "requests_per_connection"] = pd.NA
    text = {"strategy", "variant", "service", "status", "reason", "load", "server_cpus"}
    figures = [column for column in COLUMNS if column not in COUNTS and column not in text]
    table[figures] = table[figures].astype(float)
    return table


def _reference_cell(key: Key, keys: Iterable[Key], reference: str | None) -> Key | None:
    # the same group; of several variants the plain one
    same_group = [other for other in keys if other[0] == reference and other[2:] == key[2:]]
    return min(same_group, key=lambda other: other[1] != "", default=None)


def _ratio_to_reference(key: Key, rates: dict[Key, dict[int, float]], reference: str | None) -> Estimate:
    other = _reference_cell(key, rates, reference)
    return UNKNOWN if other is None else ratio(rates[key], rates[other])


def _rates(windows: pd.DataFrame) -> dict[int, float]:
    return block_means(windows["block"], windows["requests"] / windows["counted_s"])


def _figures(windows: pd.DataFrame, rates: dict[int, float]) -> dict[str, Any]:
    throughput = geometric(list(rates.values()))
    replies = int(windows["replies"].sum())
    connects = merged(windows["connect_hdr"])
    by_block = windows.sort_values("started_ns").groupby("block")["unanswered"]
    # a block that was cut short had no time to serve everyone
    last = by_block.last()[by_block.size() == by_block.size().max()]
    return {
        "blocks": len(rates),
        "windows": len(windows),
        "requests": windows["requests"].sum(),
        "errors": sum(sum(kinds.values()) for kinds in windows["errors"] if kinds),
        "starved": last.max(),
        **_columns("throughput_rps", throughput),
        "throughput_mib_s": throughput.value * windows["message_size"].iloc[0] / (1 << 20),
        **_latencies(windows),
        **_columns("server_cpu_us_per_request", _server_cpu(windows)),
        "loader_cpu_share": _quotient(windows["loader_cpu_s"].sum(), windows["loader_wall_s"].sum()),
        "censored": windows["censored"].sum(),
        "connect_p50_us": percentile(connects, 50) / 1e3,
        "server_minor_faults_per_request": _quotient(windows["server_minor_faults"].sum(), replies),
    }


def _latencies(windows: pd.DataFrame) -> dict[str, Any]:
    pooled = merged([])
    blocks = []
    for _, part in windows.groupby("block"):
        histogram = merged(part["latency_hdr"])
        blocks.append((histogram, int(part["unfinished"].sum())))
        pooled.add(histogram)
    open_ = int(windows["unfinished"].sum())
    percents = {"p50_us": 50, "p90_us": 90, "p99_us": 99, "p999_us": 99.9}
    figures: dict[str, Any] = {name: percentile(pooled, q, open_) / 1e3 for name, q in percents.items()}
    figures["max_us"] = pooled.get_max_value() / 1e3 if pooled.get_total_count() and not open_ else NAN
    counted_s = float(windows["counted_s"].median())
    if counted_s * 1e6 < TIMES_P99 * figures["p99_us"]:
        figures["_p99"] = (
            f"p99 not given: {figures['p99_us'] / 1e3:.3g} ms, and a window counts {counted_s * 1e3:.3g} ms, "
            f"less than {TIMES_P99} times that"
        )
        figures |= {"p99_us": NAN, "p999_us": NAN}
    for name in ("p50_us", "p99_us"):
        own = [percentile(histogram, percents[name], left) / 1e3 for histogram, left in blocks]
        figures |= _columns(name, around(figures[name], own))
    return figures


def _server_cpu(windows: pd.DataFrame) -> Estimate:
    sums = windows.groupby("block")[["server_cpu_s", "replies"]].sum()
    own = [_quotient(cpu * 1e6, replies) for cpu, replies in sums.itertuples(index=False)]
    return around(_quotient(sums["server_cpu_s"].sum() * 1e6, sums["replies"].sum()), own)


def _status(
    cell: dict[str, Any],
    measured: pd.DataFrame | None,
    failed: pd.DataFrame | None,
    unchecked: dict[str, str],
) -> dict[str, str]:
    first = "" if failed is None else str(failed.iloc[0]["reason"])
    if measured is None:
        assert failed is not None
        return {"status": str(failed.iloc[0]["status"]), "reason": first}
    reasons = [first] if first else []
    is_unchecked = not measured["checked"].all()
    if is_unchecked:
        reasons.append(unchecked.get(cell["strategy"]) or "failed the conformance check")
    if "_p99" in cell:
        reasons.append(cell["_p99"])
    status = "unchecked" if is_unchecked else "incomplete" if failed is not None else "ok"
    return {"status": status, "reason": "; ".join(reasons)}


def _columns(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _quotient(value: float, by: float) -> float:
    return float(value) / float(by) if by else NAN


if __name__ == "__main__":
    sys.exit(main("python -m analysis.cells", "write RESULTS/cells.csv", lambda results: [write(results)]))
