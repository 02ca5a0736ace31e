"""One server for minutes without interruption, at a rate: what becomes of it second by second.

Windows over fresh processes can't show what comes less often than a block lasts, or grows slowly. Here nobody stands
still and nothing is started anew. The load generator goes from one long window to the next; between two it looks away
for some milliseconds, and the server runs on. Meanwhile a thread reads the server's memory and CPU time.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.accounts import cpu_ticks, footprint, meter, proctree, waiting
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes.loader import LoaderFailed, LoaderLost
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.recorder import Recorder
from harness.run.fleet import Fleet
from harness.run.loading import GivenUp, Loading
from harness.run.progress import Progress, Tell
from harness.run.rounds import Visit, rounds_for

FILE = "soak.jsonl"
SLICE_S = 1.0
HEAD_S = 0.02  # of each window but the first: until the load flows again
SAMPLE_S = 1.0  # between two looks at the server's memory
LOOKING_SHARE = 0.02  # of the time, at most, that is spent on them: hundreds of forks take long to look at
ALONE = {"unasked_cpu_s": 0.0, "neighbours_cpu_s": 0.0, "still_s": 0.0}  # as nobody ever stands still


@dataclass(frozen=True)
class Sample:
    """The server's account at an instant of the monotonic clock; what it used counts from its start."""

    at_ns: int
    server_cpu_s: float
    kept_waiting_s: float  # its threads were ready and others had the CPU, other machines on the host included
    own_bytes: int | None  # of memory, without pages of files; None where the kernel doesn't tell
    processes: int
    threads: int


class Sampler:
    """Looks at a server now and then while a `with` lasts."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ticks = cpu_ticks.read(server.cpus)
        self._over = threading.Event()
        self.samples = [self._look()]

    @contextmanager
    def looking(self) -> Iterator["Sampler"]:
        thread = threading.Thread(target=self._look_often, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def before(self, at_ns: int) -> Sample:
        """The last one that was taken before that instant, or the first of all."""
        return next((one for one in reversed(self.samples) if one.at_ns <= at_ns), self.samples[0])

    def _look_often(self) -> None:
        pause_s = SAMPLE_S
        while not self._over.wait(pause_s):
            began = time.monotonic()
            self.samples.append(self._look())
            pause_s = max(SAMPLE_S, (time.monotonic() - began) / LOOKING_SHARE)

    def _look(self) -> Sample:
        held = footprint.memory(self._server.pid)
        waited_s = waiting.kept_waiting_s(self._server.pid) + cpu_ticks.stolen_s(self._server.cpus, self._ticks)
        used_s = proctree.usage(self._server.pid).cpu_s
        return Sample(time.perf_counter_ns(), used_s, waited_s, held.own_bytes, held.processes, held.threads)


def carry_out(
    plan: Plan,
    recorder: Recorder,
    stage: Stage,
    loading: Loading,
    tell: Tell,
    absent: Mapping[str, ServerFailed],
) -> None:
    """Soak the one server of the plan, whose group has one block of so many windows as rounds.

    What goes wrong is a row, and the end of it; a window that workers on several hosts lose is a row, and a gap. Raises
    GivenUp if the load generator can't be started, or fails, or has lost clients.
    """
    progress = Progress(plan, tell)
    fleet = Fleet(stage, plan, recorder, absent)
    (group,) = plan.groups
    (key,) = plan.members(group)
    loading.ensure()
    recorder.begin_measuring()
    progress.begin()
    with fleet.started(plan.servers([group]), group.service, 0):
        try:
            for failure in fleet.group_begins([key]).values():
                raise failure
            progress.group_begins(group, 0)
            _connect(loading, group, key)
            with Sampler(fleet.own[key]).looking() as sampler:
                _soak(plan, recorder, loading, fleet.own[key], sampler, progress)
        except ServerFailed as failure:
            recorder.failure(key, group, 0, str(failure), failure.skipped)
        except LoaderFailed as failure:
            recorder.failure(key, group, 0, str(failure), skipped=False, fault="loader")
            raise GivenUp(f"{failure}; begin the soak anew") from None
        recorder.block_ended()


def _connect(loading: Loading, group: Group, key: str) -> None:
    """All clients to the server. Raises ServerFailed where it answers none."""
    target = loading.connect(group, [key])[key]
    if not target["answered"]:
        raise ServerFailed(f"answered none of {group.clients} clients")


def _soak(
    plan: Plan, recorder: Recorder, loading: Loading, server: Server, sampler: Sampler, progress: Progress
) -> None:
    """One window after the other, each recorded with its slices before the next begins."""
    (group,) = plan.groups
    began_ns, flows = 0, False
    for round_, turns in enumerate(rounds_for(plan, group, {}).rounds(lambda: [server.key], 0)):
        ((visit,),) = turns
        visit = _long(visit, flows and not plan.hosts.elsewhere)
        try:
            with meter.window(server, None, plan.loader_cpus) as reading:
                reading.observed = loading.window(server.key, visit)
                server.raise_if_dead()
        except LoaderLost as lost:
            recorder.failure(server.key, group, 0, str(lost), skipped=False, fault="loader")
            loading.failed(lost, ends="begin the soak anew")
            flows = False
            continue
        flows = True
        observed, head_s = reading.observed, visit.lengths["head_s"]
        counted_from_ns = observed["started_ns"] + int(head_s * 1e9)
        began_ns = began_ns or counted_from_ns
        place = {"block": 0, "group": 0, "round": round_, "position": 0}
        recorder.window(server.key, group, place, reading.record | ALONE | {"head_s": head_s})
        for place_, slice_ in enumerate(observed["slices"]):
            from_ns = counted_from_ns + int(place_ * SLICE_S * 1e9)
            recorder.beside(FILE, _row(round_, from_ns, began_ns, slice_, sampler))
        progress.window_ended(group, server.key)


def _long(visit: Visit, flows: bool) -> Visit:
    """The visit with slices, and with a short head if the load flowed just before it.

    Workers of other hosts have the whole one: who begins after it costs the window.
    """
    head = {"head_s": HEAD_S} if flows else {}
    return replace(visit, lengths=visit.lengths | head | {"slice_s": SLICE_S})


def _row(round_: int, from_ns: int, began_ns: int, slice_: dict[str, Any], sampler: Sampler) -> dict[str, Any]:
    """A second as soak.jsonl has it, with the server's account as it was last seen within it, or before."""
    sample = asdict(sampler.before(from_ns + int(SLICE_S * 1e9)))
    sampled_s = (sample.pop("at_ns") - began_ns) / 1e9
    return {"round": round_, "at_s": (from_ns - began_ns) / 1e9, **slice_, "sampled_s": sampled_s, **sample}
