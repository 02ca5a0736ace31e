"""The servers of a block: who is alive, who has failed, and why. Nobody else keeps a list of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import axes
from harness import notes
from harness.conformance import cases
from harness.conformance.client import Target
from harness.plan.group import Entry
from harness.plan.plan import Plan
from harness.processes.attached import Served
from harness.processes.calibration import Calibration, settings
from harness.processes.ended import Ended
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.recorder import Recorder


class Fleet:
    """Fresh servers for each block and service. A server's key is what the plan calls the member that it serves."""

    def __init__(
        self,
        stage: Stage,
        plan: Plan,
        recorder: Recorder,
        absent: Mapping[str, ServerFailed],
        calibration: Calibration | None = None,
    ) -> None:
        """`absent` strategies, by label, are never started; they count as failed."""
        self._calibration = calibration
        self._stage = stage
        self._plan = plan
        self._recorder = recorder
        self._absent = absent
        self._failed: dict[str, ServerFailed] = {}  # those that are gone for the rest of the block
        self._silent: set[str] = set()  # those that are out of the group under way, though alive

    @contextmanager
    def started(self, servers: Mapping[str, Entry], service: str, block: int) -> Iterator[None]:
        """Fresh servers of these entries, in random order; whatever happens, nothing is left of them."""
        absent = {key: entry.strategy.label for key, entry in servers.items() if entry.strategy.label in self._absent}
        self._failed = {key: self._absent[label] for key, label in absent.items()}
        logs = self._recorder.logs / f"block-{block}-{service}"
        try:
            present = [key for key in servers if key not in absent]
            for key in self._plan.shuffled(present, block, service):
                self._start(key, servers[key], logs)
            for server in self._stage.everyone:
                try:
                    self._stage.wait_ready(server)
                except ServerFailed as failure:
                    self._is_gone(server.key, failure)
            self.refuse()
            self._note_short_queues()
            yield
        finally:
            for key, ended in self._stage.stop_servers().items():
                self._note(key, ended)

    def group_begins(self, members: Sequence[str]) -> dict[str, ServerFailed]:
        """Those that are alive take part again; the others of these members, and why they don't."""
        self._silent = set()
        return {key: self._failed[key] for key in members if key in self._failed}

    def taking_part(self, members: Sequence[str]) -> list[str]:
        """Those of these members whose servers are there and not out of the group."""
        there = {server.key for server in self._stage.everyone}
        return [key for key in members if key in there and key not in self._silent]

    @property
    def own(self) -> dict[str, Server]:
        """All servers of the block that are alive and ours, by key: the others are neither frozen nor accounted."""
        return self._stage.servers

    def owned(self, keys: Collection[str]) -> list[Server]:
        """Those of these that are ours."""
        return [self.own[key] for key in keys if key in self.own]

    def server(self, key: str) -> Served:
        """A live one, or one that is attached."""
        return self._stage.at(key)

    def gives_up(self, key: str, failure: ServerFailed) -> ServerFailed:
        """Out of the group with it, and a dead one out of the block; the reason, which is its death if it is dead."""
        self._silent.add(key)
        try:
            self.server(key).raise_if_gone()
        except ServerFailed as death:
            self._is_gone(key, death)
            return death
        return failure

    def leave_out(self, keys: Iterable[str]) -> None:
        """Out of the group under way with these, though nothing is wrong with them."""
        self._silent.update(keys)

    def refuse(self) -> dict[str, ServerFailed]:
        """Out of the block with those that are served by other processes than are measured; they, and why.

        A dead one serves nobody, and what it did was its own: that it died may be in no failure, and is noted.
        """
        found = {}
        for key, fault in self._stage.faults().items():
            failure = self.gives_up(key, ServerFailed(fault))
            if str(failure) == fault:
                found[key] = failure
                self._is_gone(key, failure)
            else:
                self._recorder.note(notes.bad_end(key, str(failure)))
        for key in self._stage.opaque:
            self._recorder.note(notes.owner_unknown(key))
        return found

    def why_nobody(self, key: str, service: str) -> str:
        """Why a server that ends its clients' connections serves nobody, if that can be told; else nothing."""
        server = self.server(key)
        return cases.why_nobody(Target(server.endpoint, server.strategy.serves), service)

    def _start(self, key: str, entry: Entry, logs: Path) -> None:
        if entry.strategy.attach:
            self._stage.attach(key, entry.strategy)
            return
        try:
            self._stage.start(key, entry.strategy, self._settings(entry), logs, entry.cpus)
        except ServerFailed as failure:
            self._failed[key] = failure

    def _settings(self, entry: Entry) -> dict[str, object]:
        """Where connections end, a line for each of them would take its time."""
        groups = self._plan.of_service(entry.values["service"])
        is_asked = entry.strategy.marks and all(axes.connections_stay(group.values) for group in groups)
        return settings(entry.settings, self._calibration) | ({"marks": True} if is_asked else {})

    def _note_short_queues(self) -> None:
        crowd = max(group.clients for group in self._plan.groups)
        try:
            for key, problem in self._stage.short_queues(list(self._stage.servers), crowd).items():
                self._recorder.note(notes.short_queue(key, problem))
        except OSError as error:
            self._recorder.note(notes.queues_unknown(error.strerror or str(error)))

    def _is_gone(self, key: str, failure: ServerFailed) -> None:
        """How a dead one ended is in its failure; what it left behind is still to be said."""
        self._failed[key] = failure
        if self._stage.attached.pop(key, None):
            return
        ended = self._stage.stop(key)
        self._note(key, ended if ended.was_asked else replace(ended, exit_code=0))

    def _note(self, key: str, ended: Ended) -> None:
        for problem in ended.problems:
            self._recorder.note(notes.bad_end(key, problem))
