"""One window of one worker: head, counted part, drain; and what was seen in them.

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
from loadgen.arrivals import ALL, PROCESSES, Arrivals, part_of
from loadgen.flood import Flood
from loadgen.log import Log
from loadgen.observation import Observation, tails

ASKED_IN_ONE_GO = 1000  # clients, before the hub breathes
ASLEEP_S = 0.01  # before the hub breathes
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
    part: tuple[float, float] = ALL  # of all clients, that this worker has: even distances are those of all together

    @functools.lru_cache(maxsize=1)  # noqa: B019 - those of one window at a time
    def drawn(self, span_ns: int) -> NDArray[np.int64]:
        """The starts within the span, in ns from its beginning.

        That takes longer than a head where there are many: so it is done before the clock of the window is started.
        """
        if not self.rate_rps:  # a worker without clients
            return np.zeros(0, np.int64)
        if self.arrivals == "poisson":  # which those of several workers are together
            return PROCESSES["poisson"](self.rate_rps, span_ns, np.random.default_rng(self.seed))
        low, high = self.part
        whole = PROCESSES[self.arrivals](
            self.rate_rps / (high - low), span_ns, np.random.default_rng((self.seed[0], 0))
        )
        return part_of(whole, self.part)


def run(
    flood: Flood, lengths: WindowLengths, load: ClosedLoad | OpenLoad, start_ns: int, breathe: Callable[[], None]
) -> Observation:
    """Start at that instant of the monotonic clock and observe; it may be past by less than the head."""
    flood.log = Log()
    flood.log.carried = sum(connection.open for connection in flood.connections)
    flood.shares.begin()
    arrivals = None
    if isinstance(load, OpenLoad):
        arrivals = Arrivals(start_ns + load.drawn(lengths.span_ns), load.backlog)
    flood.lost_after_ns = int(lengths.lost_after_s * 1e9)
    flood.spin_ns = load.spin_ns if isinstance(load, ClosedLoad) else 0
    _wait_until(start_ns, breathe)
    course = _flow(flood, lengths, arrivals, start_ns, breathe)
    return _observed(flood, lengths, load, arrivals, course)


def _observed(
    flood: Flood, lengths: WindowLengths, load: ClosedLoad | OpenLoad, arrivals: Arrivals | None, course: "_Course"
) -> Observation:
    """What a window that has taken this course says; what is still open is given up."""
    log, counted_from, counted_to = flood.log, course.counted_from_ns, course.counted_to_ns
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
        of_open_loop = _of_open_loop(arrivals, sample, log, (counted_from, counted_to), lengths.slice_s)
        unfinished = of_open_loop["offered"] - int(np.count_nonzero(counts))
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
        carried=log.carried,
        asked=log.asked,
        failed=log.failed,
        censored=len(ages),
        censored_hdr=histogram.encode(ages),
        errors=dict(log.errors),
        connects=len(log.connected_ns),
        replaced=log.replaced,
        held_s=float(took[counts].sum()) / 1e9,
        unstamped=sample.unstamped,
        clock_step_s=course.clock_step_s,
        arrival_hdr=histogram.encode(sample.lay_ns),
        **told,
        **tails(told, is_closed=arrivals is None),
        loader_cpu_s=course.cpu_s,
        loader_wall_s=(course.ended_ns - course.started_ns) / 1e9,
        start_range_s=0.0,
        spin_ns=flood.spin_ns,
        rate_rps=load.rate_rps if isinstance(load, OpenLoad) else None,
        **of_open_loop,
    )


def _of_open_loop(
    arrivals: Arrivals, sample: "_Sample", log: Log, counted_ns: tuple[int, int], slice_s: float
) -> dict[str, Any]:
    told = {
        "offered": _between(arrivals.planned_ns, *counted_ns),
        "dropped": _between(arrivals.never_begun(), *counted_ns),
        "service_hdr": histogram.encode(sample.service_ns),
        "dispatch_hdr": histogram.encode(sample.dispatch_ns),
    }
    return told | ({"slices": slices.of(log, arrivals.planned_ns, *counted_ns, slice_s)} if slice_s else {})


@dataclass(frozen=True)
class _Course:
    """When the parts of a window began and ended, by our clock, and the CPU time that it took us."""

    started_ns: int
    counted_from_ns: int
    counted_to_ns: int
    drain_from_ns: int
    ended_ns: int
    cpu_s: float
    clock_step_s: float  # by how much the clock that stamps was set meanwhile


def _flow(
    flood: Flood, lengths: WindowLengths, arrivals: Arrivals | None, start_ns: int, breathe: Callable[[], None]
) -> _Course:
    """Head, counted part and drain, without the garbage collector."""
    # From the common instant, not from our own start: what counts is the interval all workers share.
    counted_from = start_ns + int(lengths.head_s * 1e9)
    counted_to = start_ns + lengths.span_ns
    apart_ns = stamp.clocks_apart_ns()
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
        _rest_until(counted_to, breathe)
        drain_from = clock()
        if arrivals is None:
            flood.settle()
        limit_s = lengths.drain_limit_s if arrivals is None else lengths.request_timeout_s
        flood.run(drain_from + int(limit_s * 1e9), breathe)
        ended, cpu_s = clock(), time.process_time() - cpu_s
    finally:
        gc.enable()
    step_s = (stamp.clocks_apart_ns() - apart_ns) / 1e9
    return _Course(started, counted_from, counted_to, drain_from, ended, cpu_s, step_s)


def _rest_until(end_ns: int, breathe: Callable[[], None]) -> None:
    """Asleep: shares of time are those of the whole window, also where nobody here has anything to ask any more."""
    while (left_s := (end_ns - clock()) / 1e9) > 0:
        time.sleep(min(left_s, ASLEEP_S))
        breathe()


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


def _wait_until(start_ns: int, breathe: Callable[[], None]) -> None:
    """Breathe while there is time, then spin: a sleep would wake late."""
    while start_ns - clock() > 2_000_000:
        breathe()
    while clock() < start_ns:
        pass
