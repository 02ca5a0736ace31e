"""Servers and a load generator alive together, guarded by the watchdog, stopped whatever happens.

A run, doctor, the conformance suite and the benchmarks have them from here alone.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.config import Config, Strategy
from harness.hosts import AT_HOME, LOOPBACK, Hosts
from harness.processes import sockets
from harness.processes.attached import Attached, Served
from harness.processes.census import Census
from harness.processes.company import Company
from harness.processes.ended import Ended
from harness.processes.loader import Loader, LoaderFailed
from harness.processes.server import Server, ServerFailed
from harness.processes.uninterrupted import uninterrupted
from harness.processes.watchdog import Watchdog


def persistent_echo(message_size: int) -> dict[str, Any]:
    """What clients say that stay connected and have messages of so many bytes echoed."""
    return {"service": "echo", "message_size": message_size}


class Stage:
    """Holds the servers by their keys, and the load generator. Use it as a context manager.

    Servers may be started and stopped from several threads, those of different keys at once.
    """

    def __init__(
        self,
        config: Config,
        watchdog: Watchdog,
        logs: Path,
        *,
        server_cpus: Collection[int] | None = None,
        loader_cpus: Collection[int] | None = None,
        backlog: int = 1024,
        allow_remote: bool = False,
        host: str = LOOPBACK,
    ) -> None:
        """CPUs that are None are all that there are; a server may be given others. Servers listen at `host`.

        The load generator's stderr goes to `logs`. With `allow_remote` it may ask other machines.
        """
        self.config = config
        self.servers: dict[str, Server] = {}  # those that were started and not stopped, by key
        self.attached: dict[str, Attached] = {}  # those that somebody else has started: nothing but clients of ours
        self.opaque: set[str] = set()  # those of them that can't be seen to be served by their own processes
        self.server_cpus, self.loader_cpus = server_cpus, loader_cpus
        self._watchdog = watchdog
        self._logs = logs
        self._backlog = backlog
        self._host = host
        self._allow_remote = allow_remote
        self._loader: Loader | None = None
        self._companies: list[Company] = []

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self.stop_servers()
        finally:
            self.stop_companies()
            self.stop_loader()

    # --- servers ------------------------------------------------------------------------------------

    def start(
        self,
        key: str,
        strategy: Strategy,
        settings: Mapping[str, object],
        logs: Path | None = None,
        cpus: Collection[int] | None = None,
    ) -> Server:
        """Start a server, its output going to `logs`. Raises ServerFailed where its program can't be started."""
        with uninterrupted():
            server = Server.start(
                key, strategy, settings, logs=logs or self._logs, host=self._host, backlog=self._backlog,
                cpus=self.server_cpus if cpus is None else cpus, mark=self._watchdog.mark,
            )  # fmt: skip
            self.servers[key] = server  # first: whatever happens from now on, it is stopped
            self._watchdog.guard(server.pid)
        return server

    def attach(self, key: str, strategy: Strategy) -> Attached:
        """A server that runs already, to be asked from now on."""
        self.attached[key] = Attached(key, strategy)
        return self.attached[key]

    def at(self, key: str) -> Served:
        """Whom clients connect to by that key."""
        return self.servers.get(key) or self.attached[key]

    @property
    def everyone(self) -> list[Served]:
        """Whom clients may connect to."""
        return [*self.servers.values(), *self.attached.values()]

    def wait_ready(self, server: Served) -> None:
        """Return when it listens. Raises ServerFailed if it ends first or takes longer than the settings allow."""
        server.wait_ready(self.config.servers.ready_timeout_s)

    def faults(self, keys: Collection[str] | None = None) -> dict[str, str]:
        """Which servers, of these or of all, aren't served by the processes that are measured, by key, and why.

        Those of which it can't be told, as another user's processes may not be looked at, become `opaque`. Of one that
        is stopped meanwhile, or was, by another thread, nothing is said: it listens no more.
        """
        servers = dict(self.servers)
        names = {server.pid: key for key, server in servers.items()}
        seen, found = Census(), {}
        for key in servers.keys() if keys is None else servers.keys() & keys:
            others = {pid: name for pid, name in names.items() if name != key}
            try:
                found[key] = servers[key].fault(seen, others)
            except PermissionError:
                self.opaque.add(key)
        return {key: fault for key, fault in found.items() if fault and not servers[key].is_stopping}

    def short_queues(self, keys: Collection[str], crowd: int) -> dict[str, str]:
        """Which of these servers listen with a queue too short for a crowd that connects at once, by key, and why.

        Raises OSError where the kernel doesn't tell the queues.
        """
        backlogs = sockets.backlogs()
        queues = {key: self.servers[key].queue(backlogs) for key in keys}
        return {
            key: f"listens with a queue of {queue}, not of {self._backlog:,} as asked: of {crowd} clients that connect "
            "at once some wait a second and longer; pass {backlog} to listen()"
            for key, queue in queues.items()
            if queue is not None and queue < min(crowd, self._backlog)
        }

    def stop(self, key: str, within_s: float | None = None) -> Ended:
        """Stop a server in so much time, or in what the settings give one; how it ended."""
        server = self.servers[key]
        ended = server.stop(self.config.servers.stop_timeout_s if within_s is None else within_s)
        self._watchdog.release(server.pid)
        del self.servers[key]
        return ended

    def stop_servers(self) -> dict[str, Ended]:
        """Stop all of them at once, in the time that the settings give one; how each ended. Who is attached stays."""
        self.attached.clear()
        for server in self.servers.values():
            server.ask_to_stop()
        deadline = time.monotonic() + self.config.servers.stop_timeout_s
        return {key: self.stop(key, max(deadline - time.monotonic(), 0)) for key in list(self.servers)}

    @contextmanager
    def started(self, strategies: Mapping[str, Strategy], service: str = "echo") -> Iterator[dict[str, Server]]:
        """Fresh servers of all these strategies, ready, by key. Raises ServerFailed if one doesn't get there."""
        try:
            for key, strategy in strategies.items():
                self.start(key, strategy, self.config.settings(service))
            for server in self.servers.values():
                self.wait_ready(server)
            for fault in self.faults().values():
                raise ServerFailed(fault)
            yield dict(self.servers)
        finally:
            self.stop_servers()

    # --- the load generator -------------------------------------------------------------------------

    def start_loader(self, workers: int = 1, loop: str | None = None, hosts: Hosts = AT_HOME) -> dict[str, Any]:
        """Start it; which hot loop serves (`loop`), and why it isn't the compiled one (`why`).

        Raises LoaderFailed, and nothing is left of it.
        """
        with uninterrupted():
            self._loader = Loader(workers, self.loader_cpus, self._logs, loop or self.config.loadgen.loop,
                                  self._watchdog.mark, allow_remote=self._allow_remote, hosts=hosts)  # fmt: skip
            self._watchdog.guard(self._loader.pid)
        try:
            return self._loader.wait_ready()
        except LoaderFailed:
            self.stop_loader()
            raise

    @property
    def loader(self) -> Loader:
        """The one that was started last and not stopped."""
        assert self._loader is not None
        return self._loader

    def stop_loader(self) -> None:
        """End it, if there is one, with all its connections."""
        if self._loader is not None:
            self._loader.stop()
            self._watchdog.release(self._loader.pid)
            self._loader = None

    def connect(self, keys: Collection[str], clients: int, exchange: dict[str, Any]) -> dict[str, Any]:
        """Connect so many clients to each of these servers; by key, how many it `answered` and the `errors`.

        Raises LoaderFailed.
        """
        targets = {key: self.at(key).endpoint.url for key in keys}
        for key in keys:
            self.at(key).crowds.append((clients, exchange))
        stamps = self.config.loadgen.stamps_per_s > 0
        answer = self.loader.open(targets, clients, exchange, stamps, self._backlog)
        return dict(answer["targets"])

    # --- who else is there ----------------------------------------------------------------------------

    def start_company(self, cpus: Collection[int]) -> Company:
        """One more process of the servers' company, ready. Raises LoaderFailed."""
        with uninterrupted():
            company = Company(cpus, self._logs, len(self._companies), self._watchdog.mark)
            self._companies.append(company)
            self._watchdog.guard(company.pid)
        company.wait_ready()
        return company

    def stop_companies(self) -> None:
        """End them, with all their connections."""
        while self._companies:
            company = self._companies.pop()
            company.stop()
            self._watchdog.release(company.pid)

    def come(self, company: Company, key: str, kind: str, size: int) -> dict[str, Any]:
        """Have that many of a kind come to a server, as `Company.come` has it; queues take twice as many at once."""
        return company.come(key, self.servers[key].endpoint.url, kind, size, max(1, self._backlog // 2))
