"""What a window says: as one worker saw it, and as all of them did together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loadgen import histogram
from loadgen.arrivals import FAR_NS


@dataclass(frozen=True)
class Observation:
    """What one worker saw in a window. Counts, seconds, and histograms of nanoseconds."""

    started_ns: int
    counted_s: float
    drain_s: float
    requests: int  # correct replies completed in the counted part
    first_half: int  # those of them completed in its first half
    replies: int  # correct replies in the whole window
    late: int  # correct replies to requests that an earlier window gave up: in `replies`, not in `requests`
    carried: int  # requests that an earlier window gave up, open at the start
    asked: int  # requests begun
    failed: int  # requests that ended in an error
    censored: int  # requests open at the end: carried + asked = replies + failed + censored
    censored_hdr: str | None  # their ages
    unfinished: int  # those that belong to the latencies, as slower than any answer: whoever waits counts
    unanswered: int  # clients not served yet in this block, or that waited through all of this window, or in vain
    errors: dict[str, int]
    connects: int
    replaced: int  # connections that the server closed while nobody asked it; no errors
    connect_hdr: str | None
    connect_p99_ns: int  # what is still connecting counts as slower than any
    connecting: int  # clients that are, at the end
    outlasting: int  # requests sent before the counted part and answered after it: it was too short for them
    answered: int  # requests that belong to the latencies and were answered: latency_hdr is a sample of theirs
    held_s: float  # how long these took by our own clock, all together
    unstamped: int  # of the sample: those whose reply came without a stamp, so that they end where we saw it
    clock_step_s: float  # by how much the clock that stamps was set meanwhile
    latency_hdr: str | None
    latency_p99_ns: int  # what is unfinished, or outlasts a closed loop's window, counts as slower than any answer
    arrival_hdr: str | None  # our own delay: from the stamp to our clock, of the same sample
    loader_cpu_s: float
    loader_wall_s: float
    start_range_s: float  # between the first worker's start and the last one's
    spin_ns: int = 0
    # of an open loop; latency = dispatch + service for each request
    rate_rps: float | None = None
    offered: int | None = None  # requests meant to start in the counted part
    dropped: int | None = None  # those of them that were never sent
    service_hdr: str | None = None  # from the send to the answer
    dispatch_hdr: str | None = None  # from the intended start to the send


def merge(observations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One observation of several workers' observations of the same window."""
    if len(observations) == 1:
        return observations[0]
    first = observations[0]
    merged: dict[str, Any] = {}
    for key, value in first.items():
        parts = [observation[key] for observation in observations]
        if key.endswith("_hdr"):
            merged[key] = histogram.merge(parts)
        elif key == "errors":
            kinds = sorted({kind for part in parts for kind in part})
            merged[key] = {kind: sum(part.get(kind, 0) for part in parts) for kind in kinds}
        elif key in _ALIKE or value is None:
            merged[key] = value
        else:
            merged[key] = sum(parts)
    starts = [observation["started_ns"] for observation in observations]
    return merged | {
        "started_ns": min(starts),
        "start_range_s": (max(starts) - min(starts)) / 1e9,
        "drain_s": max(observation["drain_s"] for observation in observations),
        "clock_step_s": max((observation["clock_step_s"] for observation in observations), key=abs),
        **tails(merged, is_closed=merged["offered"] is None),
    }


_ALIKE = ("counted_s", "spin_ns")


def tails(told: dict[str, Any], *, is_closed: bool) -> dict[str, Any]:
    """The p99 of latency and of connects; a longer window would not show more of a closed loop's starved clients."""
    starved = told["unanswered"]
    waiting = _waiting(told["unfinished"], starved, is_closed)
    if is_closed:  # sent too early to belong to the latencies; in windows that are long enough there are few of them
        waiting += told["outlasting"]
    drawn = histogram.count(told["latency_hdr"])
    # of a sample of those that were answered, and of all that weren't
    scaled = waiting * drawn / told["answered"] if drawn else waiting
    connecting = _waiting(told["connecting"], starved, is_closed)
    return {
        "latency_p99_ns": _p99(told["latency_hdr"], drawn, scaled),
        "connect_p99_ns": _p99(told["connect_hdr"], histogram.count(told["connect_hdr"]), connecting),
    }


def _waiting(unfinished: int, starved: int, is_closed: bool) -> int:
    """Who makes a tail that a longer window would show: not a closed loop's starved clients, whose wait has no end."""
    return max(unfinished - starved, 0) if is_closed else unfinished


def _p99(times_hdr: str | None, answered: int, unfinished: float) -> int:
    """Nanoseconds; FAR_NS where it lies among what is unfinished, 0 of nothing."""
    total = answered + unfinished
    rank = 0.99 * total
    if rank > answered:
        return FAR_NS
    return histogram.value_at(times_hdr, 100 * rank / answered) if answered else 0
