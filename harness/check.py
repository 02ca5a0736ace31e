"""Puts servers through the conformance suite: only what does the job right is worth measuring."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness import conformance
from harness.config import Config, Strategy
from harness.probe import Target
from harness.server import Server, ServerFailed
from harness.watchdog import Watchdog

BACKLOG = 1024
DESCRIPTORS = 2000  # of the harness, for the suite's crowds


@dataclass
class Verdict:
    """Of one strategy: what it did wrong, or why it could not be tried at all."""

    failures: list[str] = field(default_factory=list)
    absent: ServerFailed | None = None

    @property
    def conforms(self) -> bool:
        return not self.failures and self.absent is None

    @property
    def reason(self) -> str:
        return str(self.absent) if self.absent else "; ".join(self.failures)


def check(
    config: Config,
    strategies: dict[str, Strategy],
    services: list[str],
    logs: Path,
    watchdog: Watchdog,
    tell: Callable[[float, str], None],
) -> dict[str, Verdict]:
    """A verdict for each strategy on those of the services that it offers; `tell` hears how many are through.

    Nothing is measured meanwhile, so one server per CPU is tried at a time.
    """

    def of(strategy: Strategy) -> Verdict:
        verdict = Verdict()
        for service in services:
            if service in strategy.services and verdict.absent is None:
                _try(config, strategy, service, logs / service, watchdog, verdict)
        return verdict

    verdicts = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool, _cancelled_on_error(pool):
        for name, verdict in zip(strategies, pool.map(of, strategies.values()), strict=True):
            verdicts[name] = verdict
            tell(len(verdicts), "conformance check")
    return verdicts


def _try(config: Config, strategy: Strategy, service: str, logs: Path, watchdog: Watchdog, verdict: Verdict) -> None:
    server = None
    try:
        server = Server.start(strategy, service=service, logs=logs, backlog=BACKLOG, recv_size=config.servers.recv_size)
        watchdog.guard(server.pid)
        server.wait_ready(config.servers.ready_timeout_s)
        target = Target(server.host, server.port, strategy.one_at_a_time)
        verdict.failures += [f"{service}: {failure}" for failure in conformance.check(target, service)]
    except ServerFailed as failure:
        verdict.absent = failure
    finally:
        if server is not None:
            report = server.stop(config.servers.stop_timeout_s)
            watchdog.release(server.pid)
            if verdict.absent is None:
                verdict.failures += [f"{service}: {problem}" for problem in report.problems]


@contextlib.contextmanager
def _cancelled_on_error(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Ctrl-C must not wait for the strategies that have not begun."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
