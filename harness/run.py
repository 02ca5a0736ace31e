"""Carries a plan out: blocks of fresh servers, groups in turn, interleaved windows, each recorded at once.

    block            fresh server processes for each service
      group          all its strategies connected (in waves, where not all fit)
        round        one window for each strategy, in random order

A server or loader that fails costs its own rows and nothing else.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import machine, proctree
from harness.loader import Loader, LoaderFailed
from harness.plan import Group, Plan
from harness.recorder import Recorder
from harness.server import Server, ServerFailed
from harness.watchdog import Watchdog

Tell = Callable[[float, str], None]  # seconds of planned windows that are done, and what is going on
SETTLE_LIMIT_S, SETTLE_STEP_S = 5.0, 0.02
RESTING = 0.1  # of a CPU, for all servers together
LOADER_STARTS = 20


class GivenUp(Exception):
    """The run can't go on; its text says why."""


class Run:
    def __init__(self, plan: Plan, recorder: Recorder, watchdog: Watchdog, tell: Tell) -> None:
        self._plan = plan
        self._recorder = recorder
        self._watchdog = watchdog
        self._tell = tell
        self._windows_done_s = 0.0  # as planned
        self._loader: Loader | None = None
        self._loaders_started = 0
        self._connected = False  # whether the loader holds a group's connections
        self._servers: dict[str, Server] = {}  # those that are alive in this block
        self._failed: dict[str, ServerFailed] = {}  # those that are not, and why
        self._p99_s: dict[tuple[Group, str], float] = {}  # the largest of a cell's windows so far

    def carry_out(self, absent: dict[str, ServerFailed]) -> None:
        """Measure all blocks. `absent` strategies are recorded as such and not started."""
        plan = self._plan
        try:
            self._running_loader()  # takes longer to start than a server
            self._recorder.begin_measuring()
            for block in range(plan.blocks):
                for service in plan.services:
                    groups = [group for group in plan.groups if group.service == service]
                    with self._started(service, block, absent):
                        for group in plan.shuffled(groups, block):
                            for wave in plan.waves[group]:
                                self._measure(group, wave, block)
        finally:
            self._stop_loader()

    # --- servers ------------------------------------------------------------------------------------

    @contextmanager
    def _started(self, service: str, block: int, absent: dict[str, ServerFailed]) -> Iterator[None]:
        """Fresh server processes for one service; whatever happens, nothing is left of them."""
        plan = self._plan
        self._failed = dict(absent)
        names = [
            name for name, strategy in plan.strategies.items() if service in strategy.services and name not in absent
        ]
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
        report = server.stop(limit_s if deadline is None else max(deadline - time.monotonic(), 0))
        self._watchdog.release(server.pid)
        for problem in report.problems:
            self._recorder.note(f"{name}: {problem}")

    # --- the loader ---------------------------------------------------------------------------------

    def _running_loader(self) -> Loader:
        """The loader, started if there is none or the last one failed. Raises GivenUp if it keeps failing."""
        while self._loader is None:
            if self._loaders_started == LOADER_STARTS:
                raise GivenUp(f"the load generator failed {LOADER_STARTS} times; see {self._recorder.logs}")
            self._loaders_started += 1
            self._loader = Loader(self._plan.workers, self._plan.loader_cpus, self._recorder.logs)
            self._watchdog.guard(self._loader.pid)
            try:
                self._loader.wait_ready()
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
            self._recorder.note(f"{failure}; it was started again")
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
        where = f"block {block + 1}/{plan.blocks}: {group}"
        self._tell(self._windows_done_s, where)
        for round_ in range(plan.rounds):
            for position, name in enumerate(plan.shuffled(alive, block, group, round_)):
                place = {"block": block, "group": plan.groups.index(group), "round": round_, "position": position}
                try:
                    if not self._connected:
                        self._connect(group, alive, block)
                    if name in alive:
                        self._window(name, group, place)
                except ServerFailed as failure:
                    self._bury(name, group, alive, block, failure)
                except LoaderFailed as failure:
                    self._recorder.note(f"{failure}; it was started again")
                    self._recorder.failure(name, group, block, str(failure), skipped=False)
                    self._stop_loader()
                self._windows_done_s += plan.window_seconds(group)
                self._tell(self._windows_done_s, where)
        self._disconnect()

    def _connect(self, group: Group, alive: list[str], block: int) -> None:
        """All clients to all servers; those that answer nobody are out of this block."""
        self._settle()
        targets = {name: (self._servers[name].host, self._servers[name].port) for name in alive}
        answer = self._running_loader().open(
            targets,
            group.clients,
            {
                "service": group.service,
                "message_size": group.message_size,
                "requests_per_connection": group.requests_per_connection,
            },
        )
        for name, target in answer["targets"].items():
            if not target["answered"]:
                errors = ", ".join(f"{count} {kind}" for kind, count in target["errors"].items())
                silent = ServerFailed(f"answered none of {group.clients} clients" + f" ({errors})" * bool(errors))
                self._bury(name, group, alive, block, silent)
        self._connected = True
        self._settle()

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

    def _window(self, name: str, group: Group, place: dict[str, int]) -> None:
        server = self._servers[name]
        server.raise_if_dead()
        length = self._lengths(name, group)
        before = proctree.usage(server.pid)
        started_at = time.time()
        observed = self._running_loader().window(name, length)
        used = proctree.usage(server.pid) - before
        server.raise_if_dead()
        if not observed["replies"]:
            raise ServerFailed(f"gave no answer in a window of {observed['loader_wall_s']:.2f} s")
        p99_s = observed.pop("latency_p99_ns") / 1e9
        self._p99_s[group, name] = max(p99_s, self._p99_s.get((group, name), 0.0))
        observed |= {
            "started_at": started_at,
            "head_s": length["head_s"],
            "time_wait": machine.time_wait(),
            "server_cpu_s": used.cpu_s,
            "server_minor_faults": used.minor_faults,
            "server_major_faults": used.major_faults,
            "server_processes": used.processes,
        }
        self._recorder.window(name, group, place, observed)

    def _lengths(self, name: str, group: Group) -> dict[str, float]:
        """The setting's lengths; the counted part grows where the tail would not fit into it."""
        window = self._plan.config.window
        length = window.length(group.clients)
        wanted = window.p99_multiple * self._p99_s.get((group, name), 0.0)
        return {
            "head_s": length.head_s,
            "counted_s": max(length.counted_s, min(math.ceil(wanted * 100) / 100, window.counted_limit_s)),
            "drain_limit_s": window.drain_limit_s,
            "request_timeout_s": window.request_timeout_s,
        }
