"""Which windows a group gets: the closed loop's rounds, the open loop's, the search for the knee.

Each kind yields rounds of turns, one for each server that takes part: its visits, one right after the other. Who runs
them tells what was seen.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.plan import lengths
from harness.plan.group import Group
from harness.plan.plan import Plan
from harness.run.experience import Experience, Known
from harness.run.knee import Search

NEXT_TO_NOTHING_RPS = 1.0
Alive = Callable[[], Sequence[str]]  # who takes part, asked anew for each round


@dataclass(frozen=True)
class Visit:
    """One window to be run."""

    name: str
    lengths: dict[str, float]
    load: dict[str, Any]
    stamp_every: int  # of so many requests one tells its latency


Turn = Sequence[Visit]  # of one server


class Rounds(Protocol):
    def rounds(self, alive: Alive, block: int) -> Iterator[list[Turn]]:
        """The turns of each round, of those that are still alive then."""

    def saw(self, visit: Visit, observed: dict[str, Any]) -> dict[str, Any]:
        """What came of a visit; what else its record is to say."""


def rounds_for(plan: Plan, group: Group, known: Known) -> Rounds:
    match group.load:
        case "closed":
            return ClosedRounds(plan, group, known)
        case "open":
            return OpenRounds(plan, group, known)
        case _:
            return KneeRounds(plan, group, known)


class _Rounds:
    def __init__(self, plan: Plan, group: Group, known: Known) -> None:
        self._plan = plan
        self._group = group
        self._known = known

    def saw(self, visit: Visit, observed: dict[str, Any]) -> dict[str, Any]:
        """Nothing to remember, nothing to add."""
        return {}

    def _of(self, name: str) -> Experience:
        return self._known.get((self._group, name), Experience())

    def _lengths(self, name: str, counted_s: float) -> dict[str, float]:
        handler_us = self._plan.entries[self._group][name].values["handler_us"]
        return lengths.of_window(self._plan.config.window, self._group.clients, handler_us, counted_s)

    def _stamp_every(self, rate_rps: float) -> int:
        """So that all the stamps take the loader little time, and percentiles of slow cells lose no samples.

        Each of a cell whose rate isn't known: a block without a p99 would leave it without an interval.
        """
        per_s = self._plan.config.loadgen.stamps_per_s
        return max(1, int(rate_rps / per_s)) if per_s else 1

    def _open(self, rate_rps: float, *place: object) -> dict[str, Any]:
        settings = self._plan.config.open
        seed = random.Random(f"{self._plan.seed}/arrivals/{place}").getrandbits(32)
        return {"rate_rps": rate_rps, "arrivals": settings.arrivals, "backlog": settings.backlog, "seed": seed}


class ClosedRounds(_Rounds):
    """The plan's rounds; in one turn of a block the loader is slowed down too, where it might be what limits.

    Before or after the ordinary window, so that both meet the same moment of the machine. How much to slow down is
    taken from what a request costs the loader: where no round of a block begins with that known, it comes at the end.
    """

    def rounds(self, alive: Alive, block: int) -> Iterator[list[Turn]]:
        chosen = self._plan.shuffled(range(self._plan.rounds), block, self._group, "perturbed")[0]
        slowed: set[str] = set()
        for round_ in range(self._plan.rounds):
            turns: list[Turn] = []
            for name in alive():
                turn = [self._visit(name, 0)]
                if round_ >= chosen and name not in slowed and self._may_limit(name):
                    slowed.add(name)
                    turn.append(self._visit(name, self._spin_ns(name)))
                turns.append(self._plan.shuffled(turn, block, self._group, round_, name))
            yield turns
        late = [name for name in alive() if name not in slowed and self._may_limit(name)]
        if late:
            yield [[self._visit(name, self._spin_ns(name))] for name in late]

    def saw(self, visit: Visit, observed: dict[str, Any]) -> dict[str, Any]:
        """As long as no request fits into a cell's windows, and they may grow, they look for a length: no rate is told.

        Later a window without any is a stall of the server's.
        """
        if self._of(visit.name).requests or observed["requests"] or visit.load["spin_ns"]:
            return {}
        grown_s = self._plan.config.window.grown(self._group.clients, observed["latency_p99_ns"] / 1e9)
        return {"phase": "search"} if observed["outlasting"] and visit.lengths["counted_s"] < grown_s else {}

    def _visit(self, name: str, spin_ns: int) -> Visit:
        seen = self._of(name)
        counted_s = self._plan.config.window.grown(self._group.clients, seen.p99_s)
        return Visit(name, self._lengths(name, counted_s), {"spin_ns": spin_ns}, self._stamp_every(seen.rate_rps))

    def _may_limit(self, name: str) -> bool:
        seen = self._of(name)
        return bool(seen.replies) and seen.loader_share >= self._plan.config.verdict.perturb_from_share

    def _spin_ns(self, name: str) -> int:
        return max(1, round(self._plan.config.verdict.spin_share * self._of(name).loader_ns_per_request))


class OpenRounds(_Rounds):
    """The plan's rounds at a rate, given or a share of the closed loop's."""

    def rounds(self, alive: Alive, block: int) -> Iterator[list[Turn]]:
        for round_ in range(self._plan.rounds):
            yield [[self._visit(name, block, round_)] for name in alive()]

    def _visit(self, name: str, block: int, round_: int) -> Visit:
        capacity_rps = self._known.get((self._group.closed, name), Experience()).rate_rps
        # A server whose capacity isn't known, as it failed in the closed loop, is asked for next to nothing.
        rate_rps = self._group.rate_rps(capacity_rps) or NEXT_TO_NOTHING_RPS
        return Visit(
            name,
            self._lengths(name, self._plan.config.open.counted_s),
            self._open(rate_rps, self._group, name, block, round_),
            self._stamp_every(rate_rps),
        )


class KneeRounds(_Rounds):
    """Each server's search takes a step a round, until all are over."""

    def rounds(self, alive: Alive, block: int) -> Iterator[list[Turn]]:
        settings = self._plan.config.knee
        self._searches = {name: Search(settings.start_rps, settings.within) for name in alive()}
        step = 0
        while under_way := [name for name in alive() if not self._searches[name].over]:
            yield [[self._visit(name, block, step)] for name in under_way]
            step += 1

    def saw(self, visit: Visit, observed: dict[str, Any]) -> dict[str, Any]:
        limit_ns = self._plan.config.knee.p99_limit_ms * 1e6
        search = self._searches[visit.name]
        if observed["offered"]:  # else it told nothing, and is tried again
            search.tell(held=observed["latency_p99_ns"] <= limit_ns)
        return {"phase": "found" if search.found_rps == visit.load["rate_rps"] else "search"}

    def _visit(self, name: str, block: int, step: int) -> Visit:
        search = self._searches[name]
        load = self._open(search.rate_rps, self._group, name, block, step)
        lengths = self._lengths(name, self._plan.config.open.counted_s)
        return Visit(name, lengths, load, self._stamp_every(search.rate_rps))
