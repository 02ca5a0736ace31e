"""Carries a plan out: blocks of fresh servers, groups in turn, interleaved windows, each recorded at once.

    block            fresh server processes for each service
      group          all its strategies connected (in waves, where not all fit)
        round        one window for each strategy, in random order

A server or loader that fails costs its own rows, and time: where that is short, all get fewer rounds.
"""

import itertools
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness import machine, notes, proctree
from harness.ledger import Ledger
from harness.loader import Loader, LoaderFailed
from harness.plan import Group, Plan
from harness.recorder import Recorder
from harness.rounds import Experience, Known, Rounds, Visit, rounds_for
from harness.server import Server, ServerFailed
from harness.watchdog import Watchdog

Tell = Callable[[float, str], None]  # seconds of planned windows, or of the budget, that are done, and what goes on
Settled = Callable[[int], Collection[tuple[int, str]]]  # after so many blocks: place of the group, strategy
SETTLE_LIMIT_S, SETTLE_STEP_S = 5.0, 0.02
RESTING = 0.1  # of a CPU, for all servers together
LOADER_STARTS = 20
FOOTPRINT_BLOCKS = 2  # they hardly differ from block to block, and to read them of 500 processes takes time


class GivenUp(Exception):
    """The run can't go on; its text says why."""


class Run:
    def __init__(
        self, plan: Plan, recorder: Recorder, watchdog: Watchdog, tell: Tell, settled: Settled | None = None
    ) -> None:
        """`settled` tells after each block what needs no more; without it a plan says how many blocks there are."""
        self._plan = plan
        self._recorder = recorder
        self._watchdog = watchdog
        self._tell = tell
        self._settled = settled or (self._precise_cells if plan.precision else None)
        self._open = {(plan.groups.index(group), plan.strategies[label].name)
                      for group in plan.groups for label in plan.members(group)}  # fmt: skip
        self._rounds = plan.rounds  # of the block under way
        self._windows_done_s = 0.0  # as planned
        self._began = 0.0  # with the first block
        self._loader: Loader | None = None
        self._loaders_started = 0
        self._connected = False  # whether the loader holds a group's connections
        self._servers: dict[str, Server] = {}  # those that are alive in this block
        self._failed: dict[str, ServerFailed] = {}  # those that are not, and why
        self._known: Known = {}
        self._ledger: Ledger | None = None  # of the servers that a group's clients are connected to

    def carry_out(self, absent: dict[str, ServerFailed]) -> None:
        """Measure all blocks. `absent` strategies are recorded as such and not started."""
        plan = self._plan
        try:
            self._running_loader()  # takes longer to start than a server
            self._recorder.begin_measuring()
            for block in self._blocks():
                for service in plan.services:
                    groups = [group for group in plan.groups if group.service == service and self._wanted(group)]
                    # Closed loops first: open ones may be asked for a share of their rate.
                    closed = [group for group in groups if group.load == "closed"]
                    others = [group for group in groups if group.load != "closed"]
                    if not groups:
                        continue
                    with self._started(service, block, absent):
                        for group in [*plan.shuffled(closed, block), *plan.shuffled(others, block, "others")]:
                            wanted = self._wanted(group)
                            for wave in plan.waves[group]:
                                self._measure(group, [label for label in wave if label in wanted], block)
        finally:
            self._stop_loader()

    def reached(self, group: Group) -> tuple[float, str, int] | None:
        """The widest half-width of a throughput's interval in the group, whose it is and after how many blocks."""
        precision = self._plan.precision
        widths = [
            (precision.half_width(seen.log_rates), name, len(seen.block_rates))
            for (of, name), seen in self._known.items()
            if precision is not None and of == group
        ]
        return max(widths, default=None)

    def _blocks(self) -> Iterator[int]:
        """As many as planned; or, where something is to be found out, until it is or the time is used up."""
        plan = self._plan
        self._began = time.monotonic()
        done: list[tuple[int, float]] = []  # rounds and seconds of each block
        for block in itertools.count():
            began = time.monotonic()
            yield block
            if self._settled is not None:
                self._open -= set(self._settled(block + 1))
            done.append((self._rounds, time.monotonic() - began))
            # The progress counts what was left out, or failed, as done.
            self._windows_done_s = max(self._windows_done_s, plan.windows_seconds * len(done) / plan.blocks)
            if self._is_enough(done):
                return
            self._rounds = plan.rounds_in_time(done)
            if self._rounds < plan.rounds:
                assert plan.at_most_s is not None  # else there is no limit to keep
                self._recorder.note(notes.fewer_rounds(plan.rounds, plan.at_most_s, plan.profile))

    def _is_enough(self, done: list[tuple[int, float]]) -> bool:
        if self._settled is None:
            return len(done) == self._plan.blocks
        seconds = [took_s for _, took_s in done]
        return not self._open or sum(seconds) + max(seconds) > self._plan.budget_s

    @property
    def _done_s(self) -> float:
        """Of what the progress is told in: planned windows, or the budget."""
        return self._windows_done_s if self._settled is None else time.monotonic() - self._began

    def _wanted(self, group: Group) -> list[str]:
        """The labels of a group that still get windows."""
        place, strategies = self._plan.groups.index(group), self._plan.strategies
        return [label for label in self._plan.members(group) if (place, strategies[label].name) in self._open]

    def _precise_cells(self, blocks: int) -> list[tuple[int, str]]:
        """All cells of the groups in which every one is precise."""
        plan = self._plan
        return [
            (place, plan.strategies[label].name)
            for place, group in enumerate(plan.groups)
            if self._precise(group)
            for label in plan.members(group)
        ]

    def _precise(self, group: Group) -> bool:
        precision = self._plan.precision
        seen = [experience.log_rates for (of, _), experience in self._known.items() if of == group]
        return precision is not None and bool(seen) and all(map(precision.reached, seen))

    # --- servers ------------------------------------------------------------------------------------

    @contextmanager
    def _started(self, service: str, block: int, absent: dict[str, ServerFailed]) -> Iterator[None]:
        """Fresh server processes for one service; whatever happens, nothing is left of them."""
        plan = self._plan
        self._failed = dict(absent)
        wanted = {label for group in plan.groups if group.service == service for label in self._wanted(group)}
        names = [label for label in plan.strategies if label in wanted and label not in absent]
        try:
            for name in plan.shuffled(names, block, service):
                self._start(name, service, self._recorder.logs / f"block-{block}-{service}")
            for name, server in list(self._servers.items()):
                try:
                    server.wait_ready(plan.config.servers.ready_timeout_s)
                except ServerFailed as failure:
                    self._failed[name] = failure
                    self._stop_server(name)
            yield
        finally:
            for server in self._servers.values():
                server.ask_to_stop()
            deadline = time.monotonic() + plan.config.servers.stop_timeout_s
            for name in list(self._servers):
                self._stop_server(name, deadline)

    def _start(self, name: str, service: str, logs: Path) -> None:
        plan = self._plan
        try:
            self._servers[name] = server = Server.start(
                plan.strategies[name],
                service=service,
                logs=logs,
                backlog=plan.backlog,
                recv_size=plan.config.servers.recv_size,
                cpus=plan.server_cpus,
            )
            self._watchdog.guard(server.pid)
        except ServerFailed as failure:
            self._failed[name] = failure

    def _settle(self) -> None:
        """Wait until the servers rest: one that still digests closed connections would burn its neighbours' time."""
        deadline = time.monotonic() + SETTLE_LIMIT_S
        used_s = self._cpu_seconds()
        while time.monotonic() < deadline:
            before_s, began = used_s, time.monotonic()
            time.sleep(SETTLE_STEP_S)
            used_s = self._cpu_seconds()
            if used_s - before_s < RESTING * (time.monotonic() - began):
                break

    def _cpu_seconds(self) -> float:
        return sum(proctree.usage(server.pid).cpu_s for server in self._servers.values())

    def _stop_server(self, name: str, deadline: float | None = None) -> None:
        """By that instant of the monotonic clock; without one, in the time that the settings give a server."""
        server = self._servers.pop(name)
        limit_s = self._plan.config.servers.stop_timeout_s
        ended = server.stop(limit_s if deadline is None else max(deadline - time.monotonic(), 0))
        self._watchdog.release(server.pid)
        for problem in ended.problems:
            self._recorder.note(notes.bad_end(name, problem))

    # --- the loader ---------------------------------------------------------------------------------

    def _running_loader(self) -> Loader:
        """The loader, started if there is none or the last one failed. Raises GivenUp if it keeps failing."""
        while self._loader is None:
            if self._loaders_started == LOADER_STARTS:
                raise GivenUp(f"the load generator failed {LOADER_STARTS} times; see {self._recorder.logs}")
            self._loaders_started += 1
            plan = self._plan
            self._loader = Loader(plan.workers, plan.loader_cpus, self._recorder.logs, plan.config.loadgen.loop)
            self._watchdog.guard(self._loader.pid)
            try:
                ready = self._loader.wait_ready()
                self._recorder.loader(ready["loop"], ready["why"])
            except LoaderFailed:
                self._stop_loader()
        return self._loader

    def _stop_loader(self) -> None:
        self._connected = False
        if self._loader is not None:
            self._loader.stop()
            self._watchdog.release(self._loader.pid)
            self._loader = None

    def _disconnect(self) -> None:
        """Close the connections of a group; a loader that can't is stopped, and they are closed too."""
        try:
            if self._connected:
                self._running_loader().close()
        except LoaderFailed as failure:
            self._recorder.note(notes.loader_failed(str(failure)))
            self._stop_loader()
        self._connected = False

    # --- windows ------------------------------------------------------------------------------------

    def _measure(self, group: Group, wave: list[str], block: int) -> None:
        """All rounds of a group; `alive` shrinks as servers fail."""
        plan = self._plan
        for name in wave:
            if name in self._failed:
                self._record_failure(name, group, block, self._failed[name])
        alive = [name for name in wave if name in self._servers]
        where = f"block {block + 1}{'' if self._settled else f'/{plan.blocks}'}: {group}"
        self._tell(self._done_s, where)
        load = rounds_for(replace(plan, rounds=self._rounds), group, self._known)
        for round_, visits in enumerate(load.rounds(alive, block)):
            by_name = {visit.name: visit for visit in visits}
            for position, name in enumerate(plan.in_turn(list(by_name), block, group, round_)):
                visit = by_name[name]
                place = {"block": block, "group": plan.groups.index(group), "round": round_, "position": position}
                try:
                    if not self._connected:
                        self._connect(group, alive, block)
                    if name in alive:
                        self._window(visit, group, place, load)
                except ServerFailed as failure:
                    self._bury(name, group, alive, block, failure)
                except LoaderFailed as failure:
                    self._recorder.note(notes.loader_failed(str(failure)))
                    self._recorder.failure(name, group, block, str(failure), skipped=False, fault="loader")
                    self._stop_loader()
                self._windows_done_s += plan.window_seconds(group)
                self._tell(self._done_s, where)
        self._record_footprints(group, alive, block)
        self._disconnect()

    def _connect(self, group: Group, alive: list[str], block: int) -> None:
        """All clients to all servers; those that answer nobody are out of this block."""
        self._settle()
        sessions = {name: self._servers[name].pid for name in alive}
        ledger = Ledger(sessions, self._plan.server_cpus) if block < FOOTPRINT_BLOCKS else None
        targets = {name: (self._servers[name].host, self._servers[name].port) for name in alive}
        answer = self._running_loader().open(
            targets,
            group.clients,
            {
                "service": group.service,
                "message_size": group.message_size,
                "requests_per_connection": group.requests_per_connection,
            },
            self._plan.config.loadgen.audit_every,
        )
        for name, target in answer["targets"].items():
            if not target["answered"]:
                errors = ", ".join(f"{count} {kind}" for kind, count in target["errors"].items())
                silent = ServerFailed(f"answered none of {group.clients} clients" + f" ({errors})" * bool(errors))
                self._bury(name, group, alive, block, silent)
        self._connected = True
        self._settle()
        if ledger:
            ledger.connected(alive)
        self._ledger = ledger

    def _record_footprints(self, group: Group, alive: list[str], block: int) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is None:
            return
        for name in alive:
            entry = ledger.entry(name, connections_stay=not group.requests_per_connection)
            if entry:
                self._recorder.footprint(name, group, block, entry)

    def _bury(self, name: str, group: Group, alive: list[str], block: int, failure: ServerFailed) -> None:
        """Record a server's failure; a dead one is out of the block's later groups too."""
        alive.remove(name)
        try:
            self._servers[name].raise_if_dead()
        except ServerFailed as death:
            self._failed[name] = failure = death
            self._stop_server(name)
        self._record_failure(name, group, block, failure)

    def _record_failure(self, name: str, group: Group, block: int, failure: ServerFailed) -> None:
        self._recorder.failure(name, group, block, str(failure), failure.skipped)

    def _window(self, visit: Visit, group: Group, place: dict[str, int], load: Rounds) -> None:
        """Run it, let the load see what came of it, record it."""
        name = visit.name
        server = self._servers[name]
        server.raise_if_dead()
        if self._ledger:
            self._ledger.begin_window()
        before = proctree.usage(server.pid)
        started_at = time.time()
        observed = self._running_loader().window(name, visit.lengths, visit.load)
        used = proctree.usage(server.pid) - before
        server.raise_if_dead()
        if not observed["replies"] and observed["offered"] != 0:  # of an open loop perhaps nothing was asked
            raise ServerFailed(f"gave no answer in a window of {observed['loader_wall_s']:.2f} s")
        more = load.saw(visit, observed)
        is_figure = not observed["spin_ns"] and more.get("phase") != "search"
        if is_figure:
            self._known.setdefault((group, name), Experience()).add(place["block"], observed)
        if self._ledger:
            self._ledger.end_window(name, observed["replies"])
        record = (
            observed
            | more
            | {
                "started_at": started_at,
                "head_s": visit.lengths["head_s"],
                "time_wait": machine.time_wait(),
                "server_cpu_s": used.cpu_s,
                "server_minor_faults": used.minor_faults,
                "server_major_faults": used.major_faults,
                "server_processes": used.processes,
            }
        )
        del record["latency_p99_ns"]
        self._recorder.window(name, group, place, record)
