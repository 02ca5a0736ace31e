"""Puts servers through the conformance suite: only what does the job right is worth measuring."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import axes
from harness.config import Config, Strategy
from harness.conformance import addresses, cases, handlers, standstill
from harness.conformance.client import CROWD, Target, untried
from harness.processes import session
from harness.processes.attached import Attached
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog

BACKLOG = 1024
USUAL = axes.AXES["transport"].usual
AT_ONCE = min(os.cpu_count() or 1, 4)  # servers
DESCRIPTORS = AT_ONCE * (CROWD + 100) + 200  # that the harness needs for their crowds


@dataclass
class Conformance:
    """Of one strategy: what it did wrong, or why it could not be tried at all."""

    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)  # what a reader must know; it conforms all the same
    absent: ServerFailed | None = None

    @property
    def conforms(self) -> bool:
        return not self.failures and self.absent is None

    @property
    def reason(self) -> str:
        return str(self.absent) if self.absent else "; ".join(self.failures)


@dataclass(frozen=True)
class Handled:
    """Which handlers servers are tried with, and how many iterations take those that compute a millisecond."""

    handlers: Sequence[str] = ()
    iterations_per_ms: float = 0.0


def examine(
    config: Config,
    strategies: dict[str, Strategy],
    services: list[str],
    logs: Path,
    watchdog: Watchdog,
    tell: Callable[[float, str], None],
    handled: Handled | None = None,
    transports: Sequence[str] = (USUAL,),
) -> dict[str, Conformance]:
    """The conformance of each strategy on those of the services that it offers; `tell` hears how many are through.

    With `handled` those that have such handlers are tried with them, too; and over each of the `transports` that they
    offer.

    Nothing is measured meanwhile, so several servers are tried at once.
    """
    found = {}
    with (
        Stage(config, watchdog, logs, backlog=BACKLOG) as stage,
        ThreadPoolExecutor(max_workers=AT_ONCE) as pool,
    ):
        suite = _Suite(stage, services, logs, handled or Handled(), transports)
        try:
            for name, conformance in zip(strategies, pool.map(suite.try_, strategies.values()), strict=True):
                found[name] = conformance
                tell(len(found), "conformance check")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            suite.abort()  # Ctrl-C must not wait for the cases of a server that hangs
            raise
    for name, fault in suite.sharing.items():
        found[name].absent = found[name].absent or ServerFailed(fault)
    return found


def _has(service: str, transport: str, strategy: Strategy) -> bool:
    """Whether a strategy can be told of the transport, and the service makes sense there."""
    is_sent = transport not in axes.IN_DATAGRAMS or service in axes.ANSWERED
    return is_sent and (transport == USUAL or strategy.is_told("transport"))


def looks_up_names(server: Server) -> str:
    """The cause of a server's silence, if that is it; else nothing."""
    return f"it asks a name server who its clients are; {addresses.REMEDY}" if server.looks_up_names() else ""


class _Suite:
    def __init__(
        self, stage: Stage, services: list[str], logs: Path, handled: Handled, transports: Sequence[str]
    ) -> None:
        self._stage = stage
        self._handled = handled
        self._services = services
        self._transports = transports
        self._logs = logs
        self._aborted = False
        self.sharing: dict[str, str] = {}  # servers that shared a port with one that was refused for it, and why

    def try_(self, strategy: Strategy) -> Conformance:
        """Fresh servers of one strategy, one service after the other."""
        if strategy.attach:
            return self._attached(strategy)
        conformance = Conformance()
        for service, transport in product(self._services, self._transports):
            if service not in strategy.services or not _has(service, transport, strategy):
                continue
            if conformance.absent is not None or self._aborted:
                break
            what = service if transport == USUAL else f"{service} over {transport}"
            try:
                failures = self._failures(strategy, service, transport, conformance)
                conformance.failures += [f"{what}: {failure}" for failure in failures]
            except ServerFailed as failure:
                if transport == USUAL or self._transports == (transport,):
                    conformance.absent = failure
                elif not failure.skipped:  # what it doesn't offer is skipped where that is measured
                    conformance.failures.append(f"{what}: {failure}")
            except OSError as error:  # our own side, around its cases
                conformance.failures.append(untried(what, error))
        if conformance.conforms and strategy.is_told("handler"):
            conformance.failures += self._unhandled(strategy)
        return conformance

    def _attached(self, strategy: Strategy) -> Conformance:
        """One that runs already: what it does with its clients, and nothing that asks who it is."""
        conformance, server = Conformance(), Attached(strategy.label, strategy)
        target = Target(server.endpoint, strategy.serves, strategy.carries)
        try:
            server.raise_if_gone()
            for service in self._services:
                if service in strategy.services and not self._aborted:
                    conformance.failures += [f"{service}: {failure}" for failure in cases.failures(target, service)]
        except ServerFailed as failure:
            conformance.absent = failure
        except OSError as error:  # our own side
            conformance.failures.append(untried("attached", error))
        return conformance

    def _unhandled(self, strategy: Strategy) -> list[str]:
        """What it does wrong with a handler. One that it hasn't is no fault: it is skipped where that is measured."""
        found = []
        for handler in self._handled.handlers:
            told = handlers.settings(handler, self._handled.iterations_per_ms)
            settings = self._stage.config.settings(axes.ANSWERED[0]) | told
            if self._aborted:
                break
            server = self._stage.start(strategy.label, strategy, settings, self._logs / handler)
            try:
                self._stage.wait_ready(server)
                found += handlers.failures(server, Target(server.endpoint, strategy.serves), handler)
            except ServerFailed as failure:
                found += [] if failure.skipped else [f"handler that {handler}: {failure}"]
            finally:
                self._stage.stop(server.key)
        return found

    def abort(self) -> None:
        """Kill the servers that are being tried, so that every case fails at once."""
        self._aborted = True
        for server in list(self._stage.servers.values()):
            session.kill(server.pid)

    def _short_queue(self, server: Server) -> list[str]:
        try:
            return list(self._stage.short_queues([server.key], CROWD).values())
        except OSError as error:
            return [f"how long its listen queue is can't be told here: {error.strerror or error}"]

    def _failures(self, strategy: Strategy, service: str, transport: str, conformance: Conformance) -> list[str]:
        """Its remarks go into `conformance`. Raises ServerFailed where there is nothing to try."""
        settings = self._stage.config.settings(service) | {"transport": transport}
        server = self._stage.start(strategy.label, strategy, settings, self._logs / f"{service}-{transport}")
        try:
            self._stage.wait_ready(server)
            self._raise_if_not_its_own(server)
            conformance.remarks += [line for line in self._short_queue(server) if line not in conformance.remarks]
            target = Target(server.endpoint, strategy.serves, strategy.carries)
            failures = cases.failures(target, service, lambda: looks_up_names(server))
            failures = failures or standstill.failures(server, target, service)
            if not failures:  # else it may have died of them
                self._raise_if_not_its_own(server)
        except ServerFailed as failure:
            ended = self._stage.stop(server.key)
            if failure.skipped:  # its exit code is how it said so
                ended = replace(ended, exit_code=0)
            raise ServerFailed("; ".join([str(failure), *ended.problems]), failure.skipped) from None
        except BaseException:
            self._stage.stop(server.key)
            raise
        return failures + self._stage.stop(server.key).problems

    def _raise_if_not_its_own(self, server: Server) -> None:
        """Raises ServerFailed where it is served by other processes than would be measured."""
        for fault in self._stage.faults([server.key]).values():
            for other in list(self._stage.servers.values()):
                if other.key != server.key and other.address == server.address:
                    self.sharing |= self._stage.faults([other.key])
            raise ServerFailed(fault)
