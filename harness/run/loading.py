"""The load generator's lives in a run: started when it is needed, started again after it has failed, not for ever.

One that has workers on other hosts has a single life: they end with it. But it may lose some of them, and go on.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from harness import notes
from harness.config import ConfigError
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes.loader import LoaderFailed, LoaderLost
from harness.processes.stage import Stage
from harness.recorder import Recorder
from harness.run import gathering
from harness.run.rounds import Visit

STARTS = 20
MOST_LOST = 20  # windows in a row, of which nothing comes
SMALL = 64  # bytes of a message
TRIPS, TRIPS_LIMIT_S = 100, 1.0  # of a worker and a server


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
        self.block = 0  # that is under way
        self._spoilt = False
        self._lost_in_a_row = 0  # windows
        self._measured: set[str] = set()  # keys of servers whose round trips are known

    def gather(self, say: Callable[[str], None]) -> None:
        """Start it, and wait for its workers from other hosts. Raises ConfigError where they don't come."""
        try:
            ready = self._start()
        except LoaderFailed as failure:
            raise ConfigError(str(failure)) from None
        gathering.gather(self._stage, self._plan, self._recorder, ready, say)

    def ensure(self) -> None:
        """Start it if there is none or the last one failed. Raises GivenUp if it keeps failing."""
        while not self._is_running:
            if self._starts == STARTS:
                raise GivenUp(f"the load generator failed {STARTS} times; see {self._recorder.logs}")
            try:
                self._start()
            except LoaderFailed:
                continue

    def _start(self) -> dict[str, Any]:
        self._starts += 1
        ready = self._stage.start_loader(self._plan.workers, hosts=self._plan.hosts)
        self._is_running = True
        self._recorder.loader(ready["loop"], ready["why"])
        return ready

    def connect(self, group: Group, keys: Collection[str]) -> dict[str, Any]:
        """Connect a group's clients to these servers; by key, how many it answered. Raises LoaderFailed."""
        self.ensure()
        while True:
            try:
                self._tell_round_trips(group, keys)
                opened = self._stage.connect(keys, group.clients, group.exchange)
                break
            except LoaderLost as failure:  # nothing is measured yet: those that are left take all clients
                self._lost(failure)
                self._spoilt = False
        self.is_connected = True
        return opened

    def window(self, key: str, visit: Visit) -> dict[str, Any]:
        """Run one window; what was observed. Raises LoaderFailed."""
        seen = self._stage.loader.window(key, visit.lengths, visit.load, visit.stamp_every)
        self._lost_in_a_row = 0
        self._tell_news()
        return seen

    def balance(self, key: str, workers: Mapping[str, int]) -> dict[str, Any]:
        """What each worker of a server gave the clients of its connections. Raises LoaderFailed."""
        return self._stage.loader.balance(key, workers)

    @property
    def is_spoilt(self) -> bool:
        """Whether clients of the group under way were lost: its windows would be of fewer than they say."""
        return self._spoilt

    def failed(self, failure: LoaderFailed, ends: str = "") -> None:
        """It is stopped, and its connections are closed; the next one that asks starts it again.

        One that has lost a window, or workers, goes on. Raises GivenUp where it can't, or isn't to: `ends` says what to
        do where the loss of workers is the end of what is measured.
        """
        if isinstance(failure, LoaderLost):
            self._lost(failure, ends)
            return
        self._recorder.note(notes.loader_failed(str(failure)))
        self._stage.stop_loader()
        self._is_running = self.is_connected = False
        if self._plan.hosts.elsewhere:
            raise GivenUp(f"{failure}; its workers on other hosts end with it")

    def disconnect(self) -> None:
        """Close the connections of a group; a loader that can't is stopped, and they are closed too."""
        try:
            if self.is_connected:
                self._stage.loader.close()
        except LoaderFailed as failure:
            self.failed(failure)
        self.is_connected = self._spoilt = False

    def _lost(self, failure: LoaderLost, ends: str = "") -> None:
        """A window alone, or workers: then the group is spoilt, and the next one has those that are left."""
        self._tell_news()
        if failure.what == "workers":
            left = 0 if ends or not self._plan.hosts.goes_on else failure.left
            block = None if ends else self.block
            self._recorder.note(notes.lost_workers(failure.who, block, str(failure), left))
        else:
            self._recorder.note(notes.lost_window(self.block, str(failure)))
        self._lost_in_a_row += 1
        if self._lost_in_a_row == MOST_LOST:
            raise GivenUp(f"{MOST_LOST} windows in a row were lost; the last one: {failure}")
        if failure.what != "workers":
            return
        self._spoilt = True
        if ends:
            raise GivenUp(f"{failure}; {ends}")
        if not failure.left or not self._plan.hosts.goes_on:
            raise GivenUp(f"{failure}" + "; --on-loss go-on goes on with the others" * bool(failure.left))

    def _tell_news(self) -> None:
        for sentence in self._stage.loader.take_news():
            self._recorder.note(notes.of_workers(sentence))

    def _tell_round_trips(self, group: Group, keys: Collection[str]) -> None:
        """Where load and servers are on several hosts: what a small exchange takes between each two, once a run."""
        if not self._plan.hosts.elsewhere:
            return
        labels = {key: self._plan.entries[group][key].strategy.label for key in keys}
        new = {key: self._stage.at(key).endpoint for key in keys if labels[key] not in self._measured}
        if not new:
            return
        exchange = group.exchange | {"message_size": min(SMALL, group.exchange["message_size"])}
        urls = {key: endpoint.url for key, endpoint in new.items()}
        for found in self._stage.loader.round_trips(urls, exchange, TRIPS, TRIPS_LIMIT_S):
            key = found.pop("target")
            strategy = self._plan.entries[group][key].strategy
            whose = {"strategy": strategy.name, "variant": strategy.variant, "server_host": new[key].host}
            self._recorder.round_trip(found | whose)
        self._measured.update(labels[key] for key in new)
