"""What a flood's log says, in Locust's own statistics.

Locust wants an event for each request, which costs more than the request. So replies are told many at a time, in the
way in which a worker tells its master: an entry of statistics that is added to those so far. And an entry's response
times are ours to name: where Locust would round them to whole milliseconds they keep three digits.
"""

from typing import Any

import numpy as np
from locust.stats import RequestStats, StatsEntry
from numpy.typing import NDArray

from loadgen import stamp
from loadgen.histogram import rounded_ms
from loadgen.log import Log

METHOD = "TCP"
PERCENTILES = (0.5, 0.95, 0.99, 0.999)


def tell(stats: RequestStats, name: str, log: Log, reply_size: int) -> None:
    """Add a log's replies and errors to Locust's statistics under that name."""
    answered_ns, took_ns, _ = log.replies()
    if took_ns.size:
        entry = _entry(stats, name, answered_ns + stamp.clocks_apart_ns(), took_ns)
        entry.total_content_length = entry.num_requests * reply_size
        stats.entries[(name, METHOD)].extend(entry)
        stats.total.extend(entry)
    for kind, times in log.errors.items():
        for _ in range(times):
            tell_failure(stats, name, kind)


def tell_failure(stats: RequestStats, name: str, why: str) -> None:
    """A request that had no right answer: it is counted, and has no response time."""
    stats.log_request(METHOD, name, None, 0)  # type: ignore[arg-type]
    stats.log_error(METHOD, name, why)


def summary(stats: RequestStats) -> str:
    """The response times of all requests in ms, as Locust's tables on the terminal can't show them."""
    told = [f"{100 * share:g}% {stats.total.get_response_time_percentile(share):g}" for share in PERCENTILES]
    return f"response times in ms: {', '.join(told)}, longest {stats.total.max_response_time:.3g}"


def _entry(stats: RequestStats, name: str, instants_ns: NDArray[np.int64], took_ns: NDArray[np.int64]) -> StatsEntry:
    """Replies that came at these instants of the clock on the wall."""
    entry: Any = StatsEntry(stats, name, METHOD)  # its times are declared as whole milliseconds
    entry.num_requests = len(took_ns)
    entry.start_time, entry.last_request_timestamp = (instant / 1e9 for instant in _ends(instants_ns))
    entry.total_response_time = int(took_ns.sum()) / 1e6
    entry.min_response_time, entry.max_response_time = (time / 1e6 for time in _ends(took_ns))
    entry.response_times.update(_counts(rounded_ms(took_ns)))
    entry.num_reqs_per_sec.update(_counts(instants_ns // 10**9))
    return entry


def _ends(values: NDArray[np.int64]) -> tuple[int, int]:
    return int(values.min()), int(values.max())


def _counts(values: NDArray[np.generic]) -> dict[float, int]:
    found, times = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), times.tolist(), strict=True))
