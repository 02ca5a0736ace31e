"""What connections take in memory: read while crowds come to fresh servers, before the groups of a block.

Groups come in random order, and a server keeps what a larger crowd made it take. So a server is read only while it has
had smaller crowds alone, of the same exchange.
"""

from collections.abc import Collection, Mapping, Sequence

from harness.accounts import footprint
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes.loader import LoaderFailed
from harness.processes.server import Server, ServerFailed
from harness.run.fleet import Fleet
from harness.run.loading import Loading
from harness.run.progress import Progress
from harness.run.standstill import Standstill

Reading = tuple[int, str]  # of so many clients at this server


class Crowds:
    """Reads the servers of a fleet, and knows what was read in the block under way."""

    def __init__(self, plan: Plan, fleet: Fleet, loading: Loading, standstill: Standstill, progress: Progress) -> None:
        self._plan = plan
        self._fleet = fleet
        self._loading = loading
        self._standstill = standstill
        self._progress = progress
        self._groups: list[Group] = []
        self._own_bytes: dict[Reading, int | None] = {}

    def come(self, service: str, wanted: Mapping[Group, Collection[str]], block: int) -> None:
        """And go. Reads these members of the groups whose turn it is. Raises GivenUp if the loader keeps failing."""
        self._own_bytes = {}
        self._groups = [group for group in self._plan.crowds(service, block) if group in wanted]
        if not self._groups:
            return
        self._progress.crowds_come(block)
        self._fleet.group_begins([])
        try:
            for crowd, group in [*((group.at(clients=1), group) for group in self._groups),
                                 *((group, group) for group in self._groups)]:  # fmt: skip
                for wave in self._plan.waves[group]:
                    keys = [key for key in wave if key in wanted[group] and self._is_served_whole(group, key)]
                    self._read(crowd, [key for key in keys if (crowd.clients, key) not in self._own_bytes])
        except LoaderFailed as failure:
            self._loading.failed(failure)

    def has(self, group: Group) -> bool:
        """Whether it is a group's turn in this block."""
        return group in self._groups

    def told(self, group: Group, key: str) -> dict[str, int | None]:
        """What a server held with one client and with all of a group, as a record has it; None where it isn't known."""
        known = self._own_bytes if self.has(group) else {}
        return {"one_client_bytes": known.get((1, key)), "crowd_bytes": known.get((group.clients, key))}

    def _read(self, crowd: Group, wave: Sequence[str]) -> None:
        """Connect it to those of the wave that are alive, read them, disconnect it."""
        own = self._fleet.owned(self._fleet.taking_part(wave))
        keys = [server.key for server in own if _is_fresh_enough(server, crowd)]
        if not keys:
            return
        self._standstill.only(keys)
        self._standstill.settle()
        answered = {key: target["answered"] for key, target in self._loading.connect(crowd, keys).items()}
        for key in keys:
            if not answered[key]:  # the group that it is of will find out, and tells
                self._fleet.gives_up(key, ServerFailed(f"answered none of {crowd.clients} clients"))
        self._standstill.settle()
        for key in self._fleet.taking_part(keys):
            if answered[key] == crowd.clients:  # who waits in the kernel's queue takes nothing of the server's
                self._own_bytes[crowd.clients, key] = footprint.memory(self._fleet.own[key].pid).own_bytes
        self._loading.disconnect()

    def _is_served_whole(self, group: Group, key: str) -> bool:
        return self._plan.entries[group][key].strategy.serves_all(group.clients)


def _is_fresh_enough(server: Server, crowd: Group) -> bool:
    """Whether it has had nobody but smaller crowds of that exchange."""
    return all(clients <= crowd.clients and exchange == crowd.exchange for clients, exchange in server.crowds)
