"""Puts servers through the conformance suite: only what does the job right is worth measuring."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness import session
from harness.config import Config, Strategy
from harness.conformance import cases
from harness.conformance.client import Target
from harness.server import Server, ServerFailed
from harness.watchdog import Watchdog

BACKLOG = 1024
AT_ONCE = min(os.cpu_count() or 1, 4)  # servers
DESCRIPTORS = AT_ONCE * (cases.CROWD + 100) + 200  # that the harness needs for their crowds


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
    suite = _Suite(config, services, logs, watchdog)
    found = {}
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
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
    def __init__(self, config: Config, services: list[str], logs: Path, watchdog: Watchdog) -> None:
        self._servers = config.servers
        self._services = services
        self._logs = logs
        self._watchdog = watchdog
        self._running: set[int] = set()
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
        for pid in list(self._running):
            session.kill(pid)

    def _failures(self, strategy: Strategy, service: str) -> list[str]:
        """Raises ServerFailed where there is nothing to try."""
        server = Server.start(
            strategy.label, strategy, self._servers.settings(service), logs=self._logs / service, backlog=BACKLOG
        )
        self._watchdog.guard(server.pid)
        self._running.add(server.pid)
        try:
            server.wait_ready(self._servers.ready_timeout_s)
            target = Target(server.host, server.port, strategy.one_at_a_time)
            failures = cases.failures(target, service)
        finally:
            ended = server.stop(self._servers.stop_timeout_s)
            self._running.discard(server.pid)
            self._watchdog.release(server.pid)
        return failures + ended.problems
