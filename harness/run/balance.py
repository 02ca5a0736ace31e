"""Who of a server's workers got the connections of a group's clients, and the requests with them.

Where connections stay they are with the worker that they came to: that is looked up once, when all have come and before
the first window. What was asked by them is told at the group's end.
"""

from collections.abc import Collection

import axes
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes import sockets, workers
from harness.recorder import Recorder
from harness.run.fleet import Fleet
from harness.run.loading import Loading


class Balance:
    """Of one group after the other."""

    def __init__(self, plan: Plan, recorder: Recorder, fleet: Fleet, loading: Loading) -> None:
        self._plan = plan
        self._recorder = recorder
        self._fleet = fleet
        self._loading = loading
        self._workers: dict[str, dict[str, int]] = {}  # by server
        self._crowds = 0  # that came in the group under way

    def begin(self) -> None:
        """A group begins, to which nobody is connected yet."""
        self._workers, self._crowds = {}, 0

    def connected(self, group: Group, keys: Collection[str]) -> None:
        """Its clients are at these servers. Who comes a second time, to another load generator, has missed windows."""
        self._workers, self._crowds = {}, self._crowds + 1
        told = [server.key for server in self._fleet.owned(keys) if server.strategy.workers]
        if told and self._crowds == 1 and axes.connections_stay(group.values):
            accepted = sockets.accepted()
            self._workers = {key: workers.workers(self._fleet.own[key], accepted) for key in told}

    def record(self, group: Group, keys: Collection[str], block: int) -> None:
        """What each worker got, where all that was answered was answered by one. Raises LoaderFailed."""
        for key in keys:
            if of_clients := self._workers.get(key):
                found = self._loading.balance(key, of_clients)
                if not found["elsewhere"]:
                    self._record(key, group, block, found["workers"])

    def _record(self, key: str, group: Group, block: int, found: dict[str, dict[str, object]]) -> None:
        """Those without a connection too: the strategy says how many there are."""
        there_are = max(self._plan.entries[group][key].strategy.workers or 0, len(found))
        nothing = {"connections": 0, "requests": 0, "latency_hdr": None}
        for worker in range(there_are):
            self._recorder.balance(key, group, block, worker, found.get(str(worker), nothing))
