"""Servers and a load generator for a moment, outside a run: what doctor tries the machine with."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from harness import machine, proctree
from harness.config import Config, Strategy
from harness.loader import Loader, LoaderFailed
from harness.server import Server, ServerFailed
from harness.watchdog import Watchdog

MOST_CLIENTS = 500


class Stage:
    """Holds the load generator. Use it as a context manager: nothing is left of it or of any server."""

    def __init__(self, config: Config, logs: Path, watchdog: Watchdog) -> None:
        self.config = config
        self.server_cpus, self.loader_cpus = machine.share_cpus(config, workers=1)
        self.loop = ""  # the load generator's: "compiled" or "python"
        self.why = ""  # it isn't the compiled one
        self._logs = logs
        self._watchdog = watchdog
        self._cleanup = ExitStack()
        self._loader: Loader

    def __enter__(self) -> "Stage":
        """Raises LoaderFailed if the load generator doesn't start."""
        machine.raise_descriptor_limit(2 * MOST_CLIENTS + machine.DESCRIPTORS_ASIDE)
        with ExitStack() as cleanup:
            self._loader = Loader(1, self.loader_cpus, self._logs, self.config.loadgen.loop)
            self._watchdog.guard(self._loader.pid)
            cleanup.callback(self._watchdog.release, self._loader.pid)
            cleanup.callback(self._loader.stop)
            ready = self._loader.wait_ready()
            self.loop, self.why = ready["loop"], ready["why"]
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._cleanup.close()

    @contextmanager
    def servers(self, strategies: Collection[Strategy]) -> Iterator[dict[str, Server]]:
        """Fresh echo servers on the servers' CPUs, by name. Raises ServerFailed if one doesn't start."""
        settings = self.config.servers
        servers = {}
        with ExitStack() as cleanup:
            for strategy in strategies:
                server = Server.start(
                    strategy.name,
                    strategy,
                    settings.settings("echo"),
                    logs=self._logs,
                    backlog=min(2 * MOST_CLIENTS, machine.backlog_limit()),
                    cpus=self.server_cpus,
                )
                self._watchdog.guard(server.pid)
                cleanup.callback(self._watchdog.release, server.pid)
                cleanup.callback(server.stop, settings.stop_timeout_s)
                servers[strategy.name] = server
            for server in servers.values():
                server.wait_ready(settings.ready_timeout_s)
            yield servers

    @contextmanager
    def connected(self, servers: dict[str, Server], clients: int, message_size: int) -> Iterator[None]:
        """Persistent clients of all these servers. Raises ServerFailed if one doesn't answer them all."""
        targets = {name: (server.host, server.port) for name, server in servers.items()}
        exchange = {"service": "echo", "message_size": message_size, "requests_per_connection": 0}
        try:
            opened = self._loader.open(targets, clients, exchange, self.config.loadgen.audit_every)["targets"]
            for name in servers:
                if opened[name]["answered"] < clients:
                    raise ServerFailed(f"{name} answered {opened[name]['answered']} of {clients} clients")
            yield
        finally:
            with suppress(LoaderFailed):  # what went wrong first is what counts
                self._loader.close()

    def window(self, server: Server, head_s: float, counted_s: float) -> dict[str, Any]:
        """What the load generator observed in one window, and `server_cpu_s`. Raises ServerFailed without a reply."""
        before = proctree.usage(server.pid)
        observed = self._loader.window(server.strategy.name, self.config.window.durations(head_s, counted_s))
        used = proctree.usage(server.pid) - before
        server.raise_if_dead()
        if not observed["requests"]:
            raise ServerFailed(f"{server.strategy.name} gave no answer in a window of {counted_s:g} s")
        return observed | {"server_cpu_s": used.cpu_s}
