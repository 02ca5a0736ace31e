"""Latencies as HDR histogram logs, a file a cell, in nanoseconds (HdrHistogram/HdrHistogram, format 1.2, V2).

An interval of a log is a block of fresh processes. A log is read by adding up its intervals, and blocks are to weigh
alike, so each has the same total: its counts are billionths of the block's requests. What the sample of a window stands
for is in them, and what had no answer is at the top of the range, an hour, as it is slower than any. So the percentiles
of all lines together are those of cells.csv, and those of one line are the block's. What a log can't say is how many
requests there were, and which percentile has too few of them: its comments and cells.csv do.
"""

import io
import re
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pandas as pd
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogWriter

import axes
from analysis.alike import Alike, Block
from analysis.judging.latencies import block_histograms, sorted_blocks
from analysis.records.columns import Columns, column
from analysis.records.points import key_of, label
from analysis.records.reading import Results
from axes import AXES

WHOLE = 10**9  # of each block
HIGHEST_NS = 3_600 * 10**9  # an hour: the load generator's range
NS, MS_OF_NS = 10**9, 10**6


def files(results: Results, table: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """hlog/NUMBER-NAME.hlog for each cell that has latencies, in the order of cells.csv."""
    since = _epoch(results)
    for number, (_, cell) in enumerate(table.iterrows(), start=1):
        measured = results.by_cell.get(key_of(cell))
        if measured is None:
            continue
        blocks = block_histograms(measured, "latency_hdr", "unfinished")
        if any(block.windows for block in blocks):
            point = axes.title({name: cell[name] for name in AXES}, results.usual)
            name = re.sub(r"[^\w.@-]+", "-", f"{label(cell)} {point}", flags=re.ASCII)[:80]
            text = _log(blocks, measured, since, _about(cell, point, blocks))
            yield f"hlog/{number:03}-{name.strip('-')}.hlog", text.encode()


def _epoch(results: Results) -> float:
    """The Unix time (s) at which the monotonic clock of the windows was zero; older records know when the run began."""
    windows = results.windows
    zeros = (windows["started_at"] - windows["started_ns"] / NS).dropna()
    if len(zeros):
        return float(zeros.median())
    began = datetime.fromisoformat(str(results.run["started_at"])).timestamp() if results.run.get("started_at") else 0.0
    return began - float(windows["started_ns"].min()) / NS


def _about(cell: pd.Series, point: str, blocks: list[Block]) -> list[str]:
    """The comments at the head of a log."""
    requests = sum(block.weight for block in blocks)
    return [
        f"{label(cell)}: {point}",
        "nanoseconds; an interval is a block, counts are billionths of it: all intervals together weigh blocks alike",
        f"{Alike(blocks).count:,} latencies were looked at, of {requests:,.0f} requests; without an answer "
        f"{sum(block.open_ for block in blocks):,}, which stand at an hour",
        "; ".join(filter(None, [f"limited by: {cell['limited_by'] or 'unknown'}", cell["verdict"], cell["reason"]])),
    ]


def _log(blocks: list[Block], windows: Columns, since: float, about: list[str]) -> str:
    held = io.StringIO()
    log = HistogramLogWriter(held)
    log.output_log_format_version()
    for line in about:
        log.output_comment(" ".join(line.split()))
    start, end = _times(windows, since)
    base = float(np.floor(start.min()))
    log.output_base_time(base * 1e3)
    log.output_legend()
    block = column(windows, "block")
    for number, told in zip(sorted_blocks(windows), blocks, strict=True):
        if not told.weight:
            continue
        begun, ended = start[block == number].min(), end[block == number].max()
        histogram = _histogram(told)
        # not by the library's writer, which cuts the largest value to whole milliseconds
        held.write(f"{begun - base:.3f},{ended - begun:.3f},{histogram.get_max_value() / MS_OF_NS:.3f},")
        held.write(f"{histogram.encode().decode()}\n")
    return held.getvalue()


def _times(windows: Columns, since: float) -> tuple[np.ndarray, np.ndarray]:
    """When each window began and its counted part ended, Unix time in s."""
    start = column(windows, "started_ns", float) / NS + since
    return start, start + np.nan_to_num(column(windows, "head_s", float)) + column(windows, "counted_s", float)


def _histogram(block: Block) -> HdrHistogram:
    """A block of WHOLE values; rounded as sums, so that no percentile moves."""
    values, counts = block.poured()
    up_to = np.rint(np.cumsum(counts) / block.weight * WHOLE).astype(np.int64)
    made = HdrHistogram(1, HIGHEST_NS, 3)
    for value, count in zip(values.tolist(), np.diff(up_to, prepend=0).tolist(), strict=True):
        if count:
            made.record_value(value, count)
    if block.open_:
        made.record_value(HIGHEST_NS, WHOLE - int(up_to[-1]) if len(up_to) else WHOLE)
    return made
