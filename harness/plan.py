"""From configuration and options to a plan: which cells, in which order, for how long. Starts nothing."""

import fnmatch
import random
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from harness import machine, notes
from harness.config import Config, ConfigError, Gate, Matrix, Strategy, nearest
from harness.notes import Note
from harness.precision import Precision, student

# How the ratio of two windows of a round spreads, and how the mean of a block differs from the next block's
# beyond that, both as a share (METHODOLOGY.md): the interval to be expected follows from them.
WINDOW_SPREAD = 0.18
BLOCK_SPREAD = 0.03
MEMORY_SHARE = 0.7  # of what is available now, for all connections alive at once

# What a run spends outside its windows, for the expected time (seconds; from runs on two cores).
START_S, STOP_S = 0.20, 0.04  # a server
CONNECT_S = 0.0004  # a connection, with the exchange that proves it
SILENCE_S = 0.2  # until those that starve are given up on
BETWEEN_WINDOWS_S = 0.009
CHECK_S, CHECKED_AT_ONCE = 1.2, 2  # a strategy and service
KNEE_PROBES = 14  # of a search, as expected
BUDGET_S = 600.0
PERTURBED = 0.2  # of the cells, in each block


T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """The cells that differ only in strategy and variant; they are interleaved."""

    service: str
    clients: int
    message_size: int
    requests_per_connection: int  # 0: unlimited
    load: str = "closed"
    rate: str | None = None  # of an open load: requests per second, or per cent of the closed loop's

    def __str__(self) -> str:
        per_connection = self.requests_per_connection
        churn = f", {per_connection} a connection" if per_connection else ""
        load = {"closed": "", "open": f", open at {self.rate}", "knee": ", knee"}[self.load]
        return f"{self.service}, {self.clients} client{'s' * (self.clients > 1)}, {self.message_size} B{churn}{load}"

    @property
    def closed(self) -> "Group":
        """The same cells under the closed loop."""
        return replace(self, load="closed", rate=None)

    @property
    def needs_capacity(self) -> bool:
        """Whether its rate is a share of what the closed loop achieves."""
        return bool(self.rate and self.rate.endswith("%"))

    def rate_rps(self, capacity_rps: float) -> float:
        """Its rate, of a strategy with that capacity."""
        assert self.rate is not None
        return float(self.rate.rstrip("%")) * (capacity_rps / 100 if self.needs_capacity else 1)


@dataclass(frozen=True)
class Overrides:
    """What the command line lays over a profile: an axis given here replaces that axis everywhere."""

    services: Sequence[str] = ()
    clients: Sequence[int] = ()
    sizes: Sequence[int] = ()
    load: str | None = None
    rates: Sequence[str] = ()


@dataclass(frozen=True)
class Plan:
    config: Config
    profile: str
    strategies: dict[str, Strategy]  # by label: a strategy has one for each of its variants
    groups: list[Group]
    blocks: int
    rounds: int
    at_most_s: float | None  # what the check (as expected) and all blocks are to take; None: as long as they take
    seed: int
    workers: int
    server_cpus: list[int]
    loader_cpus: list[int]
    backlog: int
    precision: Precision | None
    gate: Gate | None  # two variants are compared by its rules, in as many blocks as that takes
    budget_s: float  # for a run that goes on until it knows enough
    variants: dict[str, dict[str, Any]]  # what is known of each; empty where nothing has variants
    left_out: list[str]  # what the budget has no time for
    waves: dict[Group, list[list[str]]] = field(repr=False)

    @property
    def notes(self) -> list[Note]:
        """What keeps this plan's figures from meaning what they usually mean."""
        found = [notes.left_out(self.left_out, self.budget_s)] if self.left_out else []
        if set(self.server_cpus) & set(self.loader_cpus):
            found.append(notes.shared_cpu())
        if self.workers > len(self.loader_cpus):
            found.append(notes.crowded_loader(self.workers, len(self.loader_cpus)))
        return found

    @property
    def services(self) -> list[str]:
        return list(dict.fromkeys(group.service for group in self.groups))

    @property
    def descriptors(self) -> int:
        """Files that the loader, the hungriest process, has open at once."""
        connections = max(group.clients * max(map(len, self.waves[group])) for group in self.groups)
        return connections + machine.DESCRIPTORS_ASIDE

    def shuffled(self, items: Sequence[T], *place: object) -> list[T]:
        """In the random order that the seed gives to that place of the run."""
        return random.Random(f"{self.seed}/{place}").sample(items, len(items))

    def in_turn(self, labels: Sequence[str], *place: object) -> list[str]:
        """Strategies in random order, the variants of each one right after the other: they are compared."""
        forms: dict[str, list[str]] = {}
        for label in labels:
            forms.setdefault(self.strategies[label].name, []).append(label)
        return [
            label for name in self.shuffled(list(forms), *place) for label in self.shuffled(forms[name], *place, name)
        ]

    def members(self, group: Group) -> list[str]:
        return [name for wave in self.waves[group] for name in wave]

    def window_seconds(self, group: Group) -> float:
        length = self.config.window.length(group.clients)
        counted_s = length.counted_s if group.load == "closed" else self.config.open.counted_s
        return length.head_s + counted_s + BETWEEN_WINDOWS_S

    def rounds_of(self, group: Group) -> float:
        """Windows of a cell in a block, as expected, those with a slowed loader included."""
        return {"closed": self.rounds + PERTURBED, "open": self.rounds, "knee": KNEE_PROBES}[group.load]

    def group_seconds(self, group: Group) -> float:
        """Expected for one block."""
        members = self.members(group)
        starving = any(self.strategies[name].one_at_a_time for name in members) and group.clients > 1
        connecting = len(members) * group.clients * CONNECT_S + SILENCE_S * starving
        return connecting + len(members) * self.rounds_of(group) * self.window_seconds(group)

    @property
    def windows_seconds(self) -> float:
        """Expected for all windows, with what lies between two of them."""
        per_block = sum(
            len(self.members(group)) * self.rounds_of(group) * self.window_seconds(group) for group in self.groups
        )
        return self.blocks * per_block

    @property
    def extent(self) -> tuple[float, str]:
        """What progress is told in: seconds, and of what."""
        goes_on = self.precision or self.gate
        return (self.budget_s, "s at most") if goes_on else (self.windows_seconds, "s of windows")

    @property
    def expected_seconds(self) -> float:
        """The check of the strategies and all blocks; charts not included."""
        return self.seconds_of(self.blocks)

    def seconds_of(self, blocks: int) -> float:
        """Expected for the check of the strategies and so many blocks."""
        return self._check_seconds + blocks * self.block_seconds

    @property
    def _check_seconds(self) -> float:
        return self._servers_a_block * CHECK_S / CHECKED_AT_ONCE

    @property
    def block_seconds(self) -> float:
        """Expected for one block."""
        return self._servers_a_block * (START_S + STOP_S) + sum(map(self.group_seconds, self.groups))

    @property
    def _servers_a_block(self) -> int:
        return len(self.strategies) * len(self.services)

    def rounds_in_time(self, done: Sequence[tuple[int, float]]) -> int:
        """How many rounds the next block gets, after blocks of so many rounds and seconds: fewer, where they were slow.

        One at least. It takes a block's time for proportional to its rounds, though a part of it is not.
        """
        if self.at_most_s is None:
            return self.rounds
        left_s = self.at_most_s - self._check_seconds - sum(seconds for _, seconds in done)
        slowest_s = max(seconds * self.rounds / rounds for rounds, seconds in done)
        return max(1, min(self.rounds, int(self.rounds * left_s / (self.blocks - len(done)) / slowest_s)))

    @property
    def expected_interval(self) -> float:
        """Half-width of a ratio's 95 % interval, as a share, on a machine as noisy as a shared virtual one."""
        spread = (WINDOW_SPREAD**2 / self.rounds + BLOCK_SPREAD**2) ** 0.5
        return student(self.blocks) * spread / self.blocks**0.5


def make(
    config: Config,
    strategies: dict[str, Strategy],
    profile_name: str,
    overrides: Overrides,
    seed: int | None = None,
    workers: int | None = None,
    precision: Precision | None = None,
    gate: Gate | None = None,
    budget_s: float | None = None,
    variants: dict[str, dict[str, Any]] | None = None,
) -> Plan:
    """Raises ConfigError where what is asked for can't be measured here."""
    if (overrides.load == "open") != bool(overrides.rates):
        raise ConfigError(
            "--load open and --rate belong together, such as --load open --rate 2000,50%; give both or neither"
        )
    profile = config.profile(profile_name)
    groups = _groups([_overridden(entry, overrides) for entry in profile.matrix])
    if not any(group.service in strategy.services for group in groups for strategy in strategies.values()):
        raise ConfigError("none of these strategies offers any of these services; widen --strategies or --service")
    workers = workers or config.loadgen.workers
    most_clients = max(group.clients for group in groups)
    _check_limits(most_clients, "--clients" if overrides.clients else config.origin(f"profiles.{profile_name}"))
    server_cpus, loader_cpus = machine.share_cpus(config, workers)
    plan = Plan(
        config=config,
        profile=profile_name,
        strategies=strategies,
        groups=groups,
        blocks=profile.blocks,
        rounds=profile.rounds,
        at_most_s=None,
        seed=config.seed if seed is None else seed,
        workers=workers,
        server_cpus=server_cpus,
        loader_cpus=loader_cpus,
        # Twice the crowd: a server may still have connections of the last group in its queue.
        backlog=min(2 * most_clients + 16, machine.backlog_limit()),
        precision=precision,
        gate=gate,
        budget_s=budget_s or BUDGET_S,
        variants=variants or {},
        left_out=[],
        waves={group: _waves(group, strategies) for group in groups},
    )
    while (longer := replace(plan, rounds=plan.rounds + 1)).expected_seconds <= profile.at_least_s:
        plan = longer
    # A run that goes on until it knows enough has its budget. What needs more than the limit anyway has none: it was
    # set for fewer strategies, variants or points of the matrix.
    if precision or gate or plan.expected_seconds > (profile.at_most_s or 0):
        return plan
    return replace(plan, at_most_s=profile.at_most_s)


def fitted(plan: Plan, blocks: int) -> Plan:
    """The plan without what has no time for so many blocks in the budget: groups from the last, then strategies.

    Raises ConfigError where not even the first strategy fits.
    """
    while plan.seconds_of(blocks) > plan.budget_s:
        names = list(dict.fromkeys(strategy.name for strategy in plan.strategies.values()))
        if len(plan.groups) > 1:
            *groups, last = plan.groups
            plan = replace(plan, groups=groups, left_out=[*plan.left_out, str(last)])
        elif len(names) > 1:
            kept = {label: form for label, form in plan.strategies.items() if form.name != names[-1]}
            waves = {group: _waves(group, kept) for group in plan.groups}
            plan = replace(plan, strategies=kept, waves=waves, left_out=[*plan.left_out, names[-1]])
        else:
            raise ConfigError(
                f"--budget {plan.budget_s:.0f}s: a change is seen in some blocks and confirmed in others; the {blocks} "
                f"that this takes at least last {plan.seconds_of(blocks):.0f} s for {names[0]} alone; allow that much"
            )
    return plan


def select(config: Config, wanted: str) -> dict[str, Strategy]:
    """`all`, `chapter`, names and globs, separated by commas; in the order of bench.toml."""
    chosen: set[str] = set()
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        match word:
            case "all":
                found = list(config.strategies)
            case "chapter":
                found = [name for name, strategy in config.strategies.items() if strategy.listing]
            case _:
                found = fnmatch.filter(config.strategies, word)
        if not found:
            known = [*config.strategies, "all", "chapter"]
            raise ConfigError(
                f"--strategies {word}: no such strategy{nearest(word, known)}; there are {', '.join(known)}"
            )
        chosen.update(found)
    if not chosen:
        raise ConfigError("--strategies: names none; write all, chapter, names or globs")
    for name in chosen:
        if config.strategies[name].program is None:
            raise ConfigError(
                f"{config.origin(f'strategies.{name}')}: strategies.{name}.command: there is no program "
                f"{shlex.split(config.strategies[name].command)[0]!r}; install it or correct the command"
            )
    return {name: strategy for name, strategy in config.strategies.items() if name in chosen}


def _overridden(entry: Matrix, overrides: Overrides) -> Matrix:
    given = {
        "service": list(overrides.services),
        "clients": list(overrides.clients),
        "sizes": list(overrides.sizes),
    }
    update: dict[str, object] = {axis: values for axis, values in given.items() if values}
    if overrides.load is not None:
        update |= {"load": overrides.load, "rate": list(overrides.rates)}
    return entry.model_copy(update=update)


def _groups(matrix: Sequence[Matrix]) -> list[Group]:
    """Each once: the closed loops first, in the order of the file, as others may need their rates."""
    wanted = list(dict.fromkeys(group for entry in matrix for group in _product(entry)))
    closed = [group.closed for group in wanted if group.load == "closed" or group.needs_capacity]
    return list(dict.fromkeys([*closed, *wanted]))


def _product(entry: Matrix) -> Iterator[Group]:
    for service in entry.service:
        for clients in entry.clients:
            for size in [len(b"Thank you for connecting\r\n")] if service == "greet" else entry.sizes:
                for per_connection in entry.requests_per_connection if service == "echo" else [1]:
                    rates: list[str | None] = [*entry.rate] or [None]
                    for rate in rates:
                        yield Group(service, clients, int(size), per_connection, entry.load, rate)


def _check_limits(clients: int, source: object) -> None:
    limit = machine.descriptor_limit()
    needed = clients + machine.DESCRIPTORS_ASIDE
    if needed > limit:
        raise ConfigError(
            f"{source}: {clients} clients need {needed} open files and a process may have {limit} here; "
            "raise `ulimit -Hn` or take fewer clients"
        )
    if clients > machine.backlog_limit():
        raise ConfigError(
            f"{source}: {clients} clients may wait to be accepted, but the kernel cuts every backlog to "
            f"{machine.backlog_limit()}; raise net.core.somaxconn or take fewer clients"
        )


def _waves(group: Group, strategies: dict[str, Strategy]) -> list[list[str]]:
    """All strategies at once, or fewer at a time where descriptors or memory forbid it."""
    connections = machine.descriptor_limit() - machine.DESCRIPTORS_ASIDE
    memory = machine.available_memory() * MEMORY_SHARE
    waves: list[list[str]] = [[]]
    connections_left, memory_left = connections, memory
    forms: dict[str, list[str]] = {}  # variants are compared, so they are alive together
    for label, strategy in strategies.items():
        if group.service in strategy.services:
            forms.setdefault(strategy.name, []).append(label)
    for labels in forms.values():
        clients = group.clients * len(labels)
        needed = clients * strategies[labels[0]].memory_per_client
        if waves[-1] and (clients > connections_left or needed > memory_left):
            waves.append([])
            connections_left, memory_left = connections, memory
        waves[-1] += labels
        connections_left -= clients
        memory_left -= needed
    return waves
