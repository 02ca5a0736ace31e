"""One group's rounds in a block: its clients connected to all its servers, one window for each in random order.

What goes wrong becomes a row, and the rest is measured.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import axes
from harness import notes
from harness.accounts import meter
from harness.accounts.ledger import Ledger
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.processes.attached import Attached
from harness.processes.loader import LoaderFailed
from harness.processes.server import ServerFailed
from harness.recorder import Recorder
from harness.run.balance import Balance
from harness.run.company import Companies
from harness.run.crowds import Crowds
from harness.run.experience import Experience, Known
from harness.run.fleet import Fleet
from harness.run.loading import Loading
from harness.run.progress import Progress
from harness.run.rounds import Rounds, Visit, rounds_for
from harness.run.standstill import Standstill


class Interleaving:
    """Measures groups, and knows what their windows have shown so far."""

    def __init__(
        self,
        plan: Plan,
        recorder: Recorder,
        fleet: Fleet,
        loading: Loading,
        companies: Companies,
        standstill: Standstill,
        crowds: Crowds,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._recorder = recorder
        self._fleet = fleet
        self._loading = loading
        self._companies = companies
        self._progress = progress
        self._standstill = standstill
        self._crowds = crowds
        self._mute: set[str] = set()  # those that answered nobody for too long; not waited for as long again
        self._known: Known = {}
        self._told: set[tuple[Group, str, int]] = set()  # whose footprint is recorded, and in which block
        self._ledger: Ledger | None = None  # of the servers that a group's clients are connected to
        self._balance = Balance(plan, recorder, fleet, loading)
        self._there = {
            name for group in plan.groups for name in plan.members(group) if plan.entries[group][name].strategy.attach
        }  # who has served; those that are attached were asked

    def measure(self, group: Group, wave: Sequence[str], block: int, rounds: int, turn: int = 0) -> None:
        """So many rounds of those members of the group, in their turn. Raises GivenUp if the loader keeps failing.

        Rounds count on from wave to wave, so that only neighbours share one.
        """
        first = turn * (rounds + 1)  # a wave may end with a round of slowed windows alone
        for key, failure in self._fleet.group_begins(wave).items():
            self._record_failure(key, group, block, failure)
        self._progress.group_begins(group, block)
        self._balance.begin()
        kind = rounds_for(replace(self._plan, rounds=rounds), group, self._known)
        for round_, turns in enumerate(kind.rounds(lambda: self._fleet.taking_part(wave), block), first):
            by_key = {turn[0].name: turn for turn in turns}
            for position, key in enumerate(self._plan.in_turn(group, by_key, block, group, round_)):
                place = {"block": block, "group": self._plan.groups.index(group), "round": round_, "position": position}
                for visit in by_key[key]:
                    self._visit(visit, group, wave, place, kind)
                    self._progress.window_ended(group, key)
        self._record_footprints(group, wave, block)
        self._record_balance(group, wave, block)
        self._loading.disconnect()
        if self._companies.are_there:
            self._standstill.only(self._fleet.taking_part(wave))  # so that they see them leave
            self._companies.leave()
        for key, failure in self._fleet.refuse().items():
            if key in wave:  # what it was asked in this group may have been answered by others
                self._recorder.failure(key, group, block, str(failure), skipped=False, fault="owner")

    def _visit(self, visit: Visit, group: Group, wave: Sequence[str], place: dict[str, int], kind: Rounds) -> None:
        """A window of a server that takes part; its failure, or the loader's, is recorded."""
        key, block = visit.name, place["block"]
        try:
            if not self._loading.is_connected:
                self._connect(group, wave, block)
            if key in self._fleet.taking_part(wave):
                self._window(visit, group, place, kind)
        except ServerFailed as failure:
            self._give_up(key, group, block, failure, f"in round {place['round']}")
        except LoaderFailed as failure:
            self._recorder.failure(key, group, block, str(failure), skipped=False, fault="loader")
            self._loading.failed(failure)
            if not self._loading.is_connected:
                self._companies.failed()
            if self._loading.is_spoilt:
                self._end_early(key, group, wave, block, failure)

    def _end_early(self, key: str, group: Group, wave: Sequence[str], block: int, failure: LoaderFailed) -> None:
        """Clients of the group are lost: the windows that its servers don't get were of fewer than they say."""
        for other in self._fleet.taking_part(wave):
            if other != key:
                self._recorder.failure(other, group, block, str(failure), skipped=False, fault="loader")
        self._fleet.leave_out(wave)

    def _connect(self, group: Group, wave: Sequence[str], block: int) -> None:
        """All clients to all servers; those that answer nobody are out of this group. Then all stand still."""
        members = self._fleet.taking_part(wave)
        self._standstill.only(members)
        self._standstill.settle()
        is_told = self._plan.has_footprint(group, block)
        ledger = Ledger(self._fleet.owned(members)) if is_told else None
        for key in members:
            try:
                self._companies.come(group, key)
            except ServerFailed as failure:
                self._give_up(key, group, block, failure, "before any client came")
        members = self._fleet.taking_part(members)
        for key, target in self._loading.connect(group, members).items():
            if not target["answered"]:
                errors = ", ".join(f"{count} {kind}" for kind, count in target["errors"].items())
                cause = self._fleet.why_nobody(key, group.service) if errors else ""
                told = f" ({errors})" * bool(errors) + f": it {cause}" * bool(cause)
                silent = ServerFailed(f"answered none of {group.clients} clients{told}")
                self._give_up(key, group, block, silent, "before any window")
        self._standstill.settle()
        if ledger:
            ledger.connected([server.key for server in self._fleet.owned(self._fleet.taking_part(wave))])
        self._balance.connected(group, self._fleet.taking_part(wave))
        self._ledger = ledger
        self._standstill.only(())

    def _window(self, visit: Visit, group: Group, place: dict[str, int], kind: Rounds) -> None:
        """Run it, again while nobody is answered; record what came of it. Raises ServerFailed or LoaderFailed.

        A pause isn't a death: its first window is kept back until an answer comes, and counts as zero then. In the
        others of a pause nothing could be asked. Of a server that goes on so the failure alone is recorded.
        """
        key = visit.name
        first: list[dict[str, Any]] = []
        tries, silent_s = 0, 0.0
        while True:
            observed, record = self._observed(visit)
            if observed["replies"] or observed["offered"] == 0:  # of an open loop perhaps nothing was asked
                break
            first = first or [record | ({"phase": "search"} if group.load == "knee" else {})]
            tries += 1
            silent_s += observed["loader_wall_s"] / observed["workers"]
            self._raise_if_mute(key, tries, silent_s)
        more = kind.saw(visit, observed)
        if not observed["spin_ns"]:  # else it is no figure
            self._known.setdefault((group, key), Experience()).add(
                observed, self._not_the_loaders_s(record), is_figure=more.get("phase") != "search"
            )
        for each in [*first, record | more]:
            self._recorder.window(key, group, place, each)
        self._there.add(key)

    def _observed(self, visit: Visit) -> tuple[dict[str, Any], dict[str, Any]]:
        """One window of a server among others that stand still: what the loader told, and its record."""
        server = self._fleet.server(visit.name)
        server.raise_if_dead()
        metered = (
            meter.beside(server, self._plan.loader_cpus)
            if isinstance(server, Attached)
            else meter.window(server, self._ledger, self._plan.loader_cpus)
        )
        head_s = visit.lengths["head_s"]
        with (
            metered as reading,
            self._standstill.turn(visit.name) as turn,
            self._companies.window(visit.name, head_s) as beside,
        ):
            reading.observed = self._loading.window(visit.name, visit)
            server.raise_if_dead()
        return reading.observed, reading.record | turn.record | beside.record | {"head_s": head_s}

    def _not_the_loaders_s(self, record: dict[str, Any]) -> float:
        """What the host, and a company on the same CPUs, took of the loader's time in a window: it was no rest."""
        has_part_here = record["workers"] > record["elsewhere"]
        shares = has_part_here and set(self._plan.company_cpus) <= set(self._plan.loader_cpus)
        return float(record["loader_steal_s"] * record["workers"] + shares * record.get("company_cpu_s", 0.0))

    def _raise_if_mute(self, key: str, tries: int, silent_s: float) -> None:
        """Raises ServerFailed when it was silent as long as a request may take, and was tried again."""
        patience_s = 0.0 if key in self._mute else self._plan.config.window.request_timeout_s
        if tries > 1 and silent_s > patience_s:
            self._mute.add(key)
            raise ServerFailed(f"gave no answer in {tries} windows, {silent_s:.2f} s together")

    def _record_footprints(self, group: Group, wave: Sequence[str], block: int) -> None:
        """What the servers did and hold, and what work they put off until nobody asks."""
        ledger, self._ledger = self._ledger, None
        if ledger is None:
            return
        put_off = self._standstill.watch([server.key for server in self._fleet.owned(self._fleet.taking_part(wave))])
        for key, unasked in put_off.items():
            entry = ledger.entry(key, connections_stay=axes.connections_stay(group.values))
            if entry and (group, key, block) not in self._told:  # the reference may be in several waves
                self._told.add((group, key, block))
                self._recorder.footprint(key, group, block, entry | unasked | self._crowds.told(group, key))

    def _record_balance(self, group: Group, wave: Sequence[str], block: int) -> None:
        try:
            self._balance.record(group, self._fleet.taking_part(wave), block)
        except LoaderFailed as failure:
            self._loading.failed(failure)

    def _give_up(self, key: str, group: Group, block: int, failure: ServerFailed, when: str) -> None:
        """Out of the group with it; of one that has company, or had, it is told when, and whose."""
        found = self._fleet.gives_up(key, failure)
        if beside := self._companies.said(group, key):
            found = ServerFailed(f"{found} ({beside}, {when})", found.skipped)
        self._record_failure(key, group, block, found)

    def _record_failure(self, key: str, group: Group, block: int, failure: ServerFailed) -> None:
        self._recorder.failure(key, group, block, str(failure), failure.skipped)
        if key in self._there and not failure.skipped:  # told once, until it serves again
            self._there.remove(key)
            address = self._plan.entries[group][key].strategy.address
            self._recorder.tell(notes.lost_server(key, address, block, str(failure)))
