"""Puts servers through the conformance suite: only what does the job right is worth measuring."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness.config import Config, Strategy
from harness.conformance import cases, standstill
from harness.conformance.client import CROWD, Target
from harness.processes import session
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog

BACKLOG = 1024
AT_ONCE = min(os.cpu_count() or 1, 4)  # servers
DESCRIPTORS = AT_ONCE * (CROWD + 100) + 200  # that the harness needs for their crowds


@dataclass
class Conformance:
    """Of one strategy: what it did wrong, or why it could not be tried at all."""

    failures: list[str] = field(default_factory=list)
    absent: ServerFailed | None = None

    @property
    def conforms(self) -> bool:
        return not self.failures and self.absent is None

    @property
    def reason(self) -> str:
        return str(self.absent) if self.absent else "; ".join(self.failures)


def examine(
    config: Config,
    strategies: dict[str, Strategy],
    services: list[str],
    logs: Path,
    watchdog: Watchdog,
    tell: Callable[[float, str], None],
) -> dict[str, Conformance]:
    """The conformance of each strategy on those of the services that it offers; `tell` hears how many are through.

    Nothing is measured meanwhile, so several servers are tried at once.
    """
    found = {}
    with (
        Stage(config, watchdog, logs, backlog=BACKLOG) as stage,
        ThreadPoolExecutor(max_workers=AT_ONCE) as pool,
    ):
        suite = _Suite(stage, services, logs)
        try:
            for name, conformance in zip(strategies, pool.map(suite.try_, strategies.values()), strict=True):
                found[name] = conformance
                tell(len(found), "conformance check")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            suite.abort()  # Ctrl-C must not wait for the cases of a server that hangs
            raise
    return found


class _Suite:
    def __init__(self, stage: Stage, services: list[str], logs: Path) -> None:
        self._stage = stage
        self._services = services
        self._logs = logs
        self._aborted = False

    def try_(self, strategy: Strategy) -> Conformance:
        """Fresh servers of one strategy, one service after the other."""
        conformance = Conformance()
        for service in self._services:
            if service in strategy.services and conformance.absent is None and not self._aborted:
                try:
                    conformance.failures += [f"{service}: {failure}" for failure in self._failures(strategy, service)]
                except ServerFailed as failure:
                    conformance.absent = failure
        return conformance

    def abort(self) -> None:
        """Kill the servers that are being tried, so that every case fails at once."""
        self._aborted = True
        for server in list(self._stage.servers.values()):
            session.kill(server.pid)

    def _failures(self, strategy: Strategy, service: str) -> list[str]:
        """Raises ServerFailed where there is nothing to try."""
        settings = self._stage.config.settings(service)
        server = self._stage.start(strategy.label, strategy, settings, self._logs / service)
        try:
            self._stage.wait_ready(server)
            target = Target(server.host, server.port, strategy.one_at_a_time)
            failures = cases.failures(target, service) or standstill.failures(server, target, service)
        finally:
            ended = self._stage.stop(server.key)
        return failures + ended.problems
