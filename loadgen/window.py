"""One window: head, counted part, drain; and what it says of the server.

Requests flow in the head and in the counted part. Throughput is the correct replies completed in the counted part.

Closed loop: latencies are those of the requests sent in the counted part, followed to their answer; in the drain
nothing new is sent. Open loop: latencies are those of the requests *meant to start* in the counted part, from that
instant; in the drain those that wait are still sent, and it ends when each is answered or has timed out, so that a
stall at the window's edge is not lost.

A latency ends when the kernel has the reply's last byte. To read its stamp takes time, so latencies may be those of a
sample, drawn when the requests begin: `answered` is how many it stands for.
"""

import functools
import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns as clock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadgen import histogram, slices, stamp
from loadgen.arrivals import FAR_NS, PROCESSES, Arrivals
from loadgen.flood import Flood
from loadgen.log import Log

ASKED_IN_ONE_GO = 1000  # clients, before the hub breathes
STAGGERED = 50  # that begin one after the other, at most; of more clients some begin together


@dataclass(frozen=True)
class WindowLengths:
    head_s: float
    counted_s: float
    drain_limit_s: float
    request_timeout_s: float
    lost_after_s: float = 0.2  # a datagram without an answer
    slice_s: float = 0.0  # of an open loop's counted part, each of which is told apart; 0: none is
    stagger_s: float = 0.0  # of the head, in which a closed loop's clients begin one after the other

    @property
    def span_ns(self) -> int:
        """Of the head and the counted part."""
        return int(self.head_s * 1e9) + int(self.counted_s * 1e9)


@dataclass(frozen=True)
class ClosedLoad:
    spin_ns: int = 0  # that each reply takes the loader longer, on purpose


@dataclass(frozen=True)
class OpenLoad:
    rate_rps: float  # this worker's part
    arrivals: str  # poisson or even
    backlog: int  # requests that may wait for a client; more are dropped
    seed: tuple[int, ...]

    @functools.lru_cache(maxsize=1)  # noqa: B019 - those of one window at a time
    def drawn(self, span_ns: int) -> NDArray[np.int64]:
        """The starts within the span, in ns from its beginning.

        That takes longer than a head where there are many: so it is done before the clock of the window is started.
        """
        if not self.rate_rps:  # a worker without clients
            return np.zeros(0, np.int64)
        return PROCESSES[self.arrivals](self.rate_rps, 0, span_ns, np.random.default_rng(self.seed))


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
    slices: list[dict[str, Any]] | None = None  # what became of each part of it, where that is asked


def run(
    flood: Flood, lengths: WindowLengths, load: ClosedLoad | OpenLoad, start_ns: int, breathe: Callable[[], None]
) -> Observation:
    """Start at that instant of the monotonic clock and observe; it may be past by less than the head."""
    flood.log = log = Log()
    flood.shares.begin()
    carried = sum(connection.open for connection in flood.connections)
    # From the common instant, not from our own start: what counts is the interval all workers share.
    counted_from = start_ns + int(lengths.head_s * 1e9)
    counted_to = counted_from + int(lengths.counted_s * 1e9)
    arrivals = None
    if isinstance(load, OpenLoad):
        arrivals = Arrivals(start_ns + load.drawn(counted_to - start_ns), load.backlog)
    flood.lost_after_ns = int(lengths.lost_after_s * 1e9)
    flood.spin_ns = load.spin_ns if isinstance(load, ClosedLoad) else 0
    _wait_until(start_ns, breathe)
    apart_ns = stamp.clocks_apart_ns()
    course = _flow(flood, lengths, arrivals, start_ns, counted_to, breathe)
    answered, took, delayed = log.replies()
    counts = _within(answered - took - delayed, counted_from, counted_to)
    sample = _sample(log, counted_from, counted_to, [client.number for client in flood.bystanders])
    if not flood.spin_ns:
        flood.shares.add(sample.clients, sample.service_ns + sample.dispatch_ns)
    if arrivals is None:
        unfinished = sum(c.open and c.asked_ns < counted_to for c in flood.bystanders)
        unfinished += _between(np.array(log.missed_ns, np.int64), counted_from, counted_to)
        of_open_loop: dict[str, Any] = {}
    else:
        offered = _between(arrivals.planned_ns, counted_from, counted_to)
        unfinished = offered - int(np.count_nonzero(counts))
        of_open_loop = {"offered": offered, "dropped": _between(arrivals.never_begun(), counted_from, counted_to),
                        "service_hdr": histogram.encode(sample.service_ns),
                        "dispatch_hdr": histogram.encode(sample.dispatch_ns)}  # fmt: skip
        if lengths.slice_s:
            of_open_loop["slices"] = slices.of(log, arrivals.planned_ns, counted_from, counted_to, lengths.slice_s)
    # in an open loop those that waited through all of the drain: it lasts as long as the timeout for them
    starved = flood.starved(course.started_ns if arrivals is None else course.drain_from_ns)
    connecting = sum(connection.connecting_ns > 0 for connection in flood.connections)
    ages = flood.give_up(lengths.request_timeout_s)
    told: dict[str, Any] = {
        "answered": int(np.count_nonzero(counts)),
        "unfinished": unfinished,
        "unanswered": starved,
        "latency_hdr": histogram.encode(sample.service_ns + sample.dispatch_ns),
        "connecting": connecting,
        "outlasting": int(np.count_nonzero((answered - took < counted_from) & (answered >= counted_to))),
        "connect_hdr": histogram.encode(log.connected_ns),
    }
    return Observation(
        started_ns=course.started_ns,
        counted_s=lengths.counted_s,
        drain_s=(course.ended_ns - course.drain_from_ns) / 1e9,
        requests=_between(answered, counted_from, counted_to),
        first_half=_between(answered, counted_from, (counted_from + counted_to) // 2),
        replies=len(answered) + log.late,
        late=log.late,
        carried=carried,
        asked=log.asked,
        failed=log.failed,
        censored=len(ages),
        censored_hdr=histogram.encode(ages),
        errors=dict(log.errors),
        connects=len(log.connected_ns),
        replaced=log.replaced,
        held_s=float(took[counts].sum()) / 1e9,
        unstamped=sample.unstamped,
        clock_step_s=(stamp.clocks_apart_ns() - apart_ns) / 1e9,
        arrival_hdr=histogram.encode(sample.lay_ns),
        **told,
        **_tails(told, is_closed=arrivals is None),
        loader_cpu_s=course.cpu_s,
        loader_wall_s=(course.ended_ns - course.started_ns) / 1e9,
        start_range_s=0.0,
        spin_ns=flood.spin_ns,
        rate_rps=load.rate_rps if isinstance(load, OpenLoad) else None,
        **of_open_loop,
    )


@dataclass(frozen=True)
class _Course:
    """When the parts of a window began and ended, by our clock, and the CPU time that it took us."""

    started_ns: int
    drain_from_ns: int
    ended_ns: int
    cpu_s: float


def _flow(
    flood: Flood,
    lengths: WindowLengths,
    arrivals: Arrivals | None,
    start_ns: int,
    counted_to: int,
    breathe: Callable[[], None],
) -> _Course:
    """Head, counted part and drain, without the garbage collector."""
    flood.resume()
    gc.disable()
    try:
        cpu_s = time.process_time()
        started = clock()
        if arrivals is None:
            _ask_all(flood, start_ns, int(lengths.stagger_s * 1e9), breathe)
        else:
            flood.expect(arrivals)
        flood.run(counted_to, breathe)
        drain_from = clock()
        if arrivals is None:
            flood.settle()
        limit_s = lengths.drain_limit_s if arrivals is None else lengths.request_timeout_s
        flood.run(drain_from + int(limit_s * 1e9), breathe)
        return _Course(started, drain_from, clock(), time.process_time() - cpu_s)
    finally:
        gc.enable()


def _ask_all(flood: Flood, start_ns: int, stagger_ns: int, breathe: Callable[[], None]) -> None:
    """Have all clients ask; within that time one after the other, so that those who wait alike don't keep in step.

    In step all would be answered at the same instants, and a window would count one of these more or less.
    """
    clients = len(flood.connections)
    goes = min(clients, STAGGERED) if stagger_ns else math.ceil(clients / ASKED_IN_ONE_GO)
    for go in range(goes):
        flood.ask_all(again=True, some=slice(clients * go // goes, clients * (go + 1) // goes))
        if stagger_ns:
            flood.run(start_ns + stagger_ns * (go + 1) // goes, breathe)
        breathe()


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
        elif key == "slices":
            merged[key] = slices.merge(parts)
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
        **_tails(merged, is_closed=merged["offered"] is None),
    }


_ALIKE = ("counted_s", "spin_ns")


@dataclass(frozen=True)
class _Sample:
    """The requests that belong to the latencies and were drawn, in ns: from the send to the answer, and before it."""

    service_ns: NDArray[np.int64]
    dispatch_ns: NDArray[np.int64]
    lay_ns: NDArray[np.int64]  # how long the answer lay in the kernel, where that is known
    unstamped: int
    clients: NDArray[np.int64]  # whose they are


def _sample(log: Log, from_ns: int, to_ns: int, bystanders: Sequence[int]) -> _Sample:
    asked, delayed, arrived, lay, clients = log.sample()
    counts = _within(asked - delayed, from_ns, to_ns) & np.isin(clients, bystanders)
    service, lay = (arrived - asked)[counts], lay[counts]
    # A clock that is set while a reply lies there may put its stamp before the request: then it ends where we saw it.
    is_told = (lay >= 0) & (service >= 0)
    service = np.where(service >= 0, service, service + lay)
    return _Sample(service, delayed[counts], lay[is_told], int(np.count_nonzero(~is_told)), clients[counts])


def _within(instants: NDArray[np.int64], from_ns: int, to_ns: int) -> NDArray[np.bool_]:
    return (instants >= from_ns) & (instants < to_ns)


def _between(instants: NDArray[np.int64], from_ns: int, to_ns: int) -> int:
    return int(np.count_nonzero(_within(instants, from_ns, to_ns)))


def _tails(told: dict[str, Any], *, is_closed: bool) -> dict[str, Any]:
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


def _wait_until(start_ns: int, breathe: Callable[[], None]) -> None:
    """Breathe while there is time, then spin: a sleep would wake late."""
    while start_ns - clock() > 2_000_000:
        breathe()
    while clock() < start_ns:
        pass
