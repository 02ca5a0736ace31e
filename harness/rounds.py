"""Which windows a group gets: the closed loop's rounds, the open loop's, the search for the knee.

Each kind yields rounds of visits, one for each server that takes part; who runs them tells what was seen.
"""

import math
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.knee import Search
from harness.plan import Group, Plan


@dataclass
class Experience:
    """What a cell's windows have shown so far."""

    requests: int = 0
    replies: int = 0
    counted_s: float = 0.0
    loader_cpu_s: float = 0.0
    loader_wall_s: float = 0.0
    p99s_s: list[float] = field(default_factory=list)  # of each window
    block_rates: dict[int, list[float]] = field(default_factory=dict)  # of its windows, by block

    def add(self, block: int, observed: dict[str, Any]) -> None:
        for name in ("requests", "replies", "counted_s", "loader_cpu_s", "loader_wall_s"):
            setattr(self, name, getattr(self, name) + observed[name])
        self.p99s_s.append(observed["latency_p99_ns"] / 1e9)
        self.block_rates.setdefault(block, []).append(observed["requests"] / observed["counted_s"])

    @property
    def p99_s(self) -> float:
        """A typical window's: one stall must not lengthen all that follow."""
        return statistics.median(self.p99s_s) if self.p99s_s else 0.0

    @property
    def rate_rps(self) -> float:
        return self.requests / self.counted_s if self.counted_s else 0.0

    @property
    def loader_share(self) -> float:
        """Of a CPU, as the mean of the loader's processes."""
        return self.loader_cpu_s / self.loader_wall_s if self.loader_wall_s else 0.0

    @property
    def loader_ns_per_request(self) -> float:
        return self.loader_cpu_s * 1e9 / self.replies if self.replies else 0.0

    @property
    def log_rates(self) -> list[float]:
        """The logarithm of each block's mean rate."""
        means = [sum(rates) / len(rates) for rates in self.block_rates.values()]
        return [math.log(mean) if mean else -math.inf for mean in means]


Cell = tuple[Group, str]
Known = dict[Cell, Experience]


@dataclass(frozen=True)
class Visit:
    """One window to be run."""

    name: str
    lengths: dict[str, float]
    load: dict[str, Any]


class Rounds(Protocol):
    def rounds(self, alive: Sequence[str], block: int) -> Iterator[list[Visit]]:
        """The visits of each round; `alive` may shrink meanwhile."""

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

    def _lengths(self, counted_s: float) -> dict[str, float]:
        window = self._plan.config.window
        return window.durations(window.length(self._group.clients).head_s, counted_s)

    def _open(self, rate_rps: float, *place: object) -> dict[str, Any]:
        settings = self._plan.config.open
        seed = random.Random(f"{self._plan.seed}/arrivals/{place}").getrandbits(32)
        return {"rate_rps": rate_rps, "arrivals": settings.arrivals, "backlog": settings.backlog, "seed": seed}


class ClosedRounds(_Rounds):
    """The plan's rounds, and one in which the loader is slowed down where it might be what limits."""

    def rounds(self, alive: Sequence[str], block: int) -> Iterator[list[Visit]]:
        plan = self._plan
        # After at least one ordinary round: how much to slow down is taken from what a request costs the loader.
        perturbed = plan.shuffled(range(1, plan.rounds + 1), block, self._group, "perturbed")[0]
        for round_ in range(plan.rounds + 1):
            if round_ == perturbed:
                yield [self._visit(name, self._spin_ns(name)) for name in alive if self._may_limit(name)]
            else:
                yield [self._visit(name, 0) for name in alive]

    def _visit(self, name: str, spin_ns: int) -> Visit:
        """The counted part grows where the tail would not fit into it."""
        window = self._plan.config.window
        wanted_s = min(window.grow_to_p99s * self._of(name).p99_s, window.counted_limit_s)
        counted_s = max(window.length(self._group.clients).counted_s, math.ceil(wanted_s * 100) / 100)
        return Visit(name, self._lengths(counted_s), {"spin_ns": spin_ns})

    def _may_limit(self, name: str) -> bool:
        seen = self._of(name)
        return bool(seen.replies) and seen.loader_share >= self._plan.config.verdict.perturb_from_share

    def _spin_ns(self, name: str) -> int:
        return max(1, round(self._plan.config.verdict.spin_share * self._of(name).loader_ns_per_request))


class OpenRounds(_Rounds):
    """The plan's rounds at a rate, given or a share of the closed loop's."""

    def rounds(self, alive: Sequence[str], block: int) -> Iterator[list[Visit]]:
        for round_ in range(self._plan.rounds):
            yield [self._visit(name, block, round_) for name in alive]

    def _visit(self, name: str, block: int, round_: int) -> Visit:
        capacity_rps = self._known.get((self._group.closed, name), Experience()).rate_rps
        # A server whose capacity isn't known, as it failed in the closed loop, is asked for next to nothing.
        rate_rps = max(self._group.rate_rps(capacity_rps), 1.0)
        return Visit(
            name,
            self._lengths(self._plan.config.open.counted_s),
            self._open(rate_rps, self._group, name, block, round_),
        )


class KneeRounds(_Rounds):
    """Each server's search takes a step a round, until all are over."""

    def rounds(self, alive: Sequence[str], block: int) -> Iterator[list[Visit]]:
        settings = self._plan.config.knee
        self._searches = {name: Search(settings.start_rps, settings.within) for name in alive}
        step = 0
        while under_way := [name for name in alive if not self._searches[name].over]:
            yield [self._visit(name, block, step) for name in under_way]
            step += 1

    def saw(self, visit: Visit, observed: dict[str, Any]) -> dict[str, Any]:
        limit_ns = self._plan.config.knee.p99_limit_ms * 1e6
        search = self._searches[visit.name]
        search.tell(held=observed["latency_p99_ns"] <= limit_ns)
        return {"phase": "found" if search.found_rps == visit.load["rate_rps"] else "search"}

    def _visit(self, name: str, block: int, step: int) -> Visit:
        search = self._searches[name]
        load = self._open(search.rate_rps, self._group, name, block, step)
        return Visit(name, self._lengths(self._plan.config.open.counted_s), load)
