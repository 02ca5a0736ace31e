"""Servers and a loader set up as a run sets them up, for the benchmarks that question the method itself."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import machine
from harness.config import Config, Strategy, read
from harness.loader import Loader
from harness.server import Server
from harness.watchdog import Watchdog

ROOT = Path(__file__).resolve().parent.parent
BACKLOG = 2048
DESCRIPTORS = 16_000


def configuration() -> Config:
    return read(ROOT / "bench.toml")


@dataclass
class Stage:
    loader: Loader
    audit_every: int
    servers: dict[str, Server]
    loader_cpus: list[int]

    @property
    def targets(self) -> dict[str, tuple[str, int]]:
        return {name: (server.host, server.port) for name, server in self.servers.items()}

    def open(self, clients: int, message_size: int) -> None:
        """Connect persistent echo clients to every server."""
        exchange = {"service": "echo", "message_size": message_size, "requests_per_connection": 0}
        self.loader.open(self.targets, clients, exchange, self.audit_every)


@contextmanager
def stage(config: Config, strategies: dict[str, Strategy], loop: str = "auto") -> Iterator[Stage]:
    """Fresh echo servers on one CPU, a fresh loader with that hot loop on another; nothing is left of them."""
    server_cpus, loader_cpus = machine.share_cpus(config, 1)
    machine.raise_descriptor_limit(DESCRIPTORS)
    with TemporaryDirectory() as folder, Watchdog() as watchdog, ExitStack() as cleanup:
        servers = {}
        for name, strategy in strategies.items():
            server = Server.start(
                name,
                strategy,
                config.servers.settings("echo"),
                logs=Path(folder),
                backlog=BACKLOG,
                cpus=server_cpus,
            )
            watchdog.guard(server.pid)
            cleanup.callback(server.stop)
            servers[name] = server
        for server in servers.values():
            server.wait_ready(config.servers.ready_timeout_s)
        loader = Loader(1, loader_cpus, Path(folder), loop)
        watchdog.guard(loader.pid)
        cleanup.callback(loader.stop)
        loader.wait_ready()
        yield Stage(loader, config.loadgen.audit_every, servers, loader_cpus)
