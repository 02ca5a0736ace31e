"""What a cell's requests waited: percentiles in which blocks weigh alike, no further than the sample goes.

An interval is the wider of two: the one that the blocks' own percentiles spread, and the one between two order
statistics of all requests together, which takes requests for independent and so can only be too narrow. A
cell of a single block, or with a block that has no such percentile, has neither.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.alike import Alike, Block, sampled, whole
from analysis.histograms import present
from analysis.records.columns import Columns, column
from analysis.statistics import BEYOND, NAN, UNKNOWN, Estimate, around, wider

# where a window says how many requests were `answered`
OF_SAMPLE = ("latency_hdr", "service_hdr", "dispatch_hdr", "arrival_hdr")
PERCENTS = {"p50_us": 50, "p90_us": 90, "p99_us": 99, "p999_us": 99.9}


class Latencies(NamedTuple):
    """What a cell's requests waited."""

    figures: dict[str, Any]  # the columns p50_us .. max_us with the intervals of p50 and p99
    by_block: dict[str, dict[int, float]]  # mean_us, p50_us and p99_us of each block, in µs
    withheld_p99: str  # empty, or which p99 isn't told because the windows were too short for it


# Of a window: the histogram, if there is one; requests that were answered, NaN where a record doesn't tell; and those
# that are slower than any.
Told = tuple[Any, float, float]


def latencies(windows: Columns, p99_multiple: float, widened: float) -> Latencies:
    """Percentiles of a cell's windows, together and by block."""
    alike = Alike(block_histograms(windows, "latency_hdr", "unfinished"))
    figures: dict[str, Any] = {name: alike.percentile(percent) / 1e3 for name, percent in PERCENTS.items()}
    is_whole = alike.count > 0 and not column(windows, "unfinished").any()
    figures["max_us"] = float(alike.up_to[0][-1]) / 1e3 if is_whole else NAN
    numbers = sorted_blocks(windows)
    means = [mean / 1e3 for mean in alike.means()] if is_whole else []
    figures |= columns("mean_us", around(sum(means) / len(means), means, widened) if means else UNKNOWN)
    by_block = {"mean_us": dict(zip(numbers, means, strict=True))} if means else {}
    for name in ("p50_us", "p99_us"):
        each = [percentile / 1e3 for percentile in alike.percentiles(PERCENTS[name])]
        by_block[name] = dict(zip(numbers, each, strict=True))
        own = around(figures[name], each, widened)
        _, low, high = alike.interval(PERCENTS[name])
        figures |= columns(name, wider(own, Estimate(figures[name], low / 1e3, high / 1e3)))
    counted_s = median(column(windows, "counted_s").tolist())
    if not counted_s * 1e6 < p99_multiple * figures["p99_us"]:  # also where there is no p99
        return Latencies(figures, by_block, "")
    withheld = f"{figures['p99_us'] / 1e3:.3g} ms, and windows count {counted_s * 1e3:.3g} ms"
    figures |= dict.fromkeys(("p99_us", "p99_us_low", "p99_us_high", "p999_us"), NAN)
    del by_block["p99_us"]
    return Latencies(figures, by_block, withheld)


def open_loop(windows: Columns) -> dict[str, float]:
    """What only a load with a rate of its own has: what was offered, dropped, and where the latency arose."""
    offered = column(windows, "offered", float)
    if np.isnan(offered).all():
        return {}
    dropped = np.nan_to_num(column(windows, "dropped", float))
    figures = {
        "offered_rps": float(np.nansum(offered) / column(windows, "counted_s").sum()),
        "dropped": dropped.sum(),
    }
    # what was never sent has no service, and its dispatch never ended
    for part, open_ in (("service", column(windows, "unfinished") - dropped), ("dispatch", dropped)):
        alike = Alike(block_histograms(windows, f"{part}_hdr", open_))
        figures |= {f"{part}_p{q}_us": alike.percentile(q) / 1e3 for q in (50, 99)}
    return figures


def tail(windows: Columns, p99_multiple: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of a cell: one in how many requests is slower, and than what (µs), from the median to where the data end."""
    alike = Alike(block_histograms(windows, "latency_hdr", "unfinished"))
    values, up_to = alike.steps()
    slower = 1 - up_to / max(1, len(alike.sizes))
    # a window cannot tell latencies that are long beside it: the same rule as for the p99
    is_told = values * p99_multiple <= median(column(windows, "counted_s").tolist()) * 1e9
    begin = np.count_nonzero(slower > 0.58)
    end = min(np.count_nonzero(is_told), np.count_nonzero(slower * alike.count > BEYOND - 0.5))
    return 1 / slower[begin:end], values[begin:end] / 1e3


def block_histograms(windows: Columns, histograms: str, open_: str | NDArray[Any] = "") -> list[Block]:
    """What each block's histograms of that column say, and how many requests are slower than any in it.

    `open_` is how many there are in each window, or the column that says so.
    """
    block, texts = column(windows, "block"), column(windows, histograms, object)
    answered = column(windows, "answered", float)
    waiting = open_ if isinstance(open_, np.ndarray) else column(windows, open_) if open_ else np.zeros(len(block))
    found: dict[int, list[Told]] = {}
    for number, *told in zip(block.tolist(), texts.tolist(), answered.tolist(), waiting.tolist(), strict=True):
        found.setdefault(number, []).append(tuple(told))
    return [_block(found[number], histograms in OF_SAMPLE) for number in sorted(found)]


def sorted_blocks(windows: Columns) -> list[int]:
    """The blocks that there are windows of, each once."""
    return sorted(set(column(windows, "block").tolist()))


def _block(windows: Sequence[Told], is_sampled: bool) -> Block:
    open_ = int(sum(waiting for _, _, waiting in windows))
    if not is_sampled or any(answered != answered for _, answered, _ in windows):
        return whole(present(text for text, _, _ in windows), open_)
    # a window without any has no text
    return sampled([(text, answered) for given, answered, _ in windows for text in present([given])], open_)


def columns(name: str, estimate: Estimate) -> dict[str, float]:
    """An estimate as three columns: NAME, NAME_low, NAME_high."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
