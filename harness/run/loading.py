"""The load generator's lives in a run: started when it is needed, started again after it has failed, not for ever."""

from collections.abc import Collection, Mapping
from typing import Any

from harness import notes
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes.loader import LoaderFailed
from harness.processes.stage import Stage
from harness.recorder import Recorder
from harness.run.rounds import Visit

STARTS = 20


class GivenUp(Exception):
    """The run can't go on; its text says why."""


class Loading:
    """The load generator as a run has it: there whenever something is asked of it."""

    def __init__(self, stage: Stage, plan: Plan, recorder: Recorder) -> None:
        self._stage = stage
        self._plan = plan
        self._recorder = recorder
        self._starts = 0
        self._is_running = False
        self.is_connected = False  # to the servers of a group

    def ensure(self) -> None:
        """Start it if there is none or the last one failed. Raises GivenUp if it keeps failing."""
        while not self._is_running:
            if self._starts == STARTS:
                raise GivenUp(f"the load generator failed {STARTS} times; see {self._recorder.logs}")
            self._starts += 1
            try:
                ready = self._stage.start_loader(self._plan.workers)
            except LoaderFailed:
                continue
            self._is_running = True
            self._recorder.loader(ready["loop"], ready["why"])

    def connect(self, group: Group, keys: Collection[str]) -> dict[str, Any]:
        """Connect a group's clients to these servers; by key, how many it answered. Raises LoaderFailed."""
        self.ensure()
        opened = self._stage.connect(keys, group.clients, group.exchange)
        self.is_connected = True
        return opened

    def window(self, key: str, visit: Visit) -> dict[str, Any]:
        """Run one window; what was observed. Raises LoaderFailed."""
        return self._stage.loader.window(key, visit.lengths, visit.load, visit.stamp_every)

    def balance(self, key: str, workers: Mapping[str, int]) -> dict[str, Any]:
        """What each worker of a server gave the clients of its connections. Raises LoaderFailed."""
        return self._stage.loader.balance(key, workers)

    def failed(self, failure: LoaderFailed) -> None:
        """It is stopped, and its connections are closed; the next one that asks starts it again."""
        self._recorder.note(notes.loader_failed(str(failure)))
        self._stage.stop_loader()
        self._is_running = self.is_connected = False

    def disconnect(self) -> None:
        """Close the connections of a group; a loader that can't is stopped, and they are closed too."""
        try:
            if self.is_connected:
                self._stage.loader.close()
        except LoaderFailed as failure:
            self.failed(failure)
        self.is_connected = False
