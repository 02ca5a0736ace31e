"""One window: head, counted part, drain; and what it says of the server.

Requests flow in the head and in the counted part. Throughput is the correct replies completed in the counted
part; latencies are those of the requests sent in it, followed to their answer. In the drain nothing new is sent.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter_ns as clock
from typing import Any

import numpy as np

from loadgen import histogram
from loadgen.flood import Flood


@dataclass(frozen=True)
class WindowLengths:
    head_s: float
    counted_s: float
    drain_limit_s: float
    request_timeout_s: float


@dataclass(frozen=True)
class Observation:
    """What one worker saw in a window. Counts, seconds, and histograms of nanoseconds."""

    started_ns: int
    counted_s: float
    drain_s: float
    requests: int  # correct replies completed in the counted part
    replies: int  # correct replies in the whole window
    late: int  # correct replies to requests that an earlier window gave up: in `replies`, not in `requests`
    censored: int
    censored_hdr: str | None  # ages of the requests still open at the end
    unfinished: int  # those of them that belong to the latencies: sent in the counted part, by clients that are served
    unanswered: int  # clients that this server never answered
    errors: dict[str, int]
    connects: int
    connect_hdr: str | None
    latency_hdr: str | None
    latency_p99_ns: int
    loader_cpu_s: float
    loader_wall_s: float
    start_spread_s: float  # between the first worker's start and the last one's


def run(flood: Flood, lengths: WindowLengths, start_ns: int, breathe: Callable[[], None]) -> Observation:
    """Start at that instant of the monotonic clock and observe; it may be past by less than the head."""
    flood.new_log()
    _wait_until(start_ns, breathe)
    gc.disable()
    try:
        cpu_s = time.process_time()
        started = clock()
        # From the common instant, not from our own start: what counts is the interval all workers share.
        counted_from = start_ns + int(lengths.head_s * 1e9)
        counted_to = counted_from + int(lengths.counted_s * 1e9)
        flood.ask_all(again=True)
        flood.flood(counted_to, breathe)
        drain_from = clock()
        flood.drain(drain_from + int(lengths.drain_limit_s * 1e9), breathe)
        ended = clock()
        cpu_s = time.process_time() - cpu_s
    finally:
        gc.enable()
    unfinished = sum(c.open and c.answered and counted_from <= c.asked_ns < counted_to for c in flood.connections)
    ages = flood.give_up(lengths.request_timeout_s)
    answered = np.asarray(flood.answered_ns, dtype=np.int64)
    took = np.asarray(flood.took_ns, dtype=np.int64)
    asked = answered - took
    latencies = took[(asked >= counted_from) & (asked < counted_to)]
    return Observation(
        started_ns=started,
        counted_s=lengths.counted_s,
        drain_s=(ended - drain_from) / 1e9,
        requests=int(np.count_nonzero((answered >= counted_from) & (answered < counted_to))),
        replies=len(answered) + flood.late,
        late=flood.late,
        censored=len(ages),
        censored_hdr=histogram.encode(ages),
        unfinished=unfinished,
        unanswered=sum(not connection.answered for connection in flood.connections),
        errors=dict(flood.errors),
        connects=len(flood.connected_ns),
        connect_hdr=histogram.encode(flood.connected_ns),
        latency_hdr=histogram.encode(latencies),
        latency_p99_ns=int(np.percentile(latencies, 99)) if latencies.size else 0,
        loader_cpu_s=cpu_s,
        loader_wall_s=(ended - started) / 1e9,
        start_spread_s=0.0,
    )


def merge(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One observation of several workers' observations of the same window."""
    if len(parts) == 1:
        return parts[0]
    starts = [part["started_ns"] for part in parts]
    kinds = sorted({kind for part in parts for kind in part["errors"]})
    latency_hdr = histogram.merge([part["latency_hdr"] for part in parts])
    merged = {key: sum(part[key] for part in parts) for key in _ADDED}
    return merged | {
        "started_ns": min(starts),
        "start_spread_s": (max(starts) - min(starts)) / 1e9,
        "counted_s": parts[0]["counted_s"],
        "drain_s": max(part["drain_s"] for part in parts),
        "errors": {kind: sum(part["errors"].get(kind, 0) for part in parts) for kind in kinds},
        "censored_hdr": histogram.merge([part["censored_hdr"] for part in parts]),
        "connect_hdr": histogram.merge([part["connect_hdr"] for part in parts]),
        "latency_hdr": latency_hdr,
        "latency_p99_ns": histogram.value_at(latency_hdr, 99),
    }


_ADDED = (
    "requests",
    "replies",
    "late",
    "censored",
    "unfinished",
    "unanswered",
    "connects",
    "loader_cpu_s",
    "loader_wall_s",
)


def as_message(observation: Observation) -> dict[str, Any]:
    return asdict(observation)


def _wait_until(start_ns: int, breathe: Callable[[], None]) -> None:
    """Breathe while there is time, then spin: a sleep would wake late."""
    while start_ns - clock() > 2_000_000:
        breathe()
    while clock() < start_ns:
        pass
