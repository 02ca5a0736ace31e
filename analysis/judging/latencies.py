"""What a cell's requests waited: percentiles of the merged histograms, no further than the sample goes.

An interval is the wider of two: the one that the blocks' own percentiles spread, and the one between two order
statistics of all requests together, which takes requests for independent and so can only be too narrow. A
cell of a single block has neither.
"""

from typing import Any

import pandas as pd

from analysis.statistics import NAN, Estimate, around, merged, percentile, percentile_interval, wider

PERCENTS = {"p50_us": 50, "p90_us": 90, "p99_us": 99, "p999_us": 99.9}


def latencies(windows: pd.DataFrame, p99_multiple: float, widened: float) -> tuple[dict[str, Any], str]:
    """The columns p50_us .. max_us with the intervals of p50 and p99.

    The text is empty, or says which p99 is withheld because the windows were too short for it.
    """
    pooled = merged([])
    blocks = []
    for _, part in windows.groupby("block"):
        histogram = merged(part["latency_hdr"])
        blocks.append((histogram, int(part["unfinished"].sum())))
        pooled.add(histogram)
    open_ = int(windows["unfinished"].sum())
    figures: dict[str, Any] = {name: percentile(pooled, q, open_) / 1e3 for name, q in PERCENTS.items()}
    figures["max_us"] = pooled.get_max_value() / 1e3 if pooled.get_total_count() and not open_ else NAN
    for name in ("p50_us", "p99_us"):
        own = around(figures[name], [percentile(part, PERCENTS[name], left) / 1e3 for part, left in blocks], widened)
        _, low, high = percentile_interval(pooled, PERCENTS[name], open_)
        figures |= columns(name, wider(own, Estimate(figures[name], low / 1e3, high / 1e3)))
    counted_s = float(windows["counted_s"].median())
    if not counted_s * 1e6 < p99_multiple * figures["p99_us"]:  # also where there is no p99
        return figures, ""
    withheld = f"{figures['p99_us'] / 1e3:.3g} ms, and windows count {counted_s * 1e3:.3g} ms"
    return figures | dict.fromkeys(("p99_us", "p99_us_low", "p99_us_high", "p999_us"), NAN), withheld


def open_loop(windows: pd.DataFrame) -> dict[str, float]:
    """What only a load with a rate of its own has: what was offered, dropped, and where the latency arose."""
    if not windows["offered"].notna().any():
        return {}
    figures = {
        "offered_rps": float(windows["offered"].sum() / windows["counted_s"].sum()),
        "dropped": windows["dropped"].sum(),
    }
    for part in ("service", "dispatch"):
        pooled = merged(windows[f"{part}_hdr"])
        figures |= {f"{part}_p{q}_us": percentile(pooled, q) / 1e3 for q in (50, 99)}
    return figures


def columns(name: str, estimate: Estimate) -> dict[str, float]:
    """An estimate as three columns: NAME, NAME_low, NAME_high."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
