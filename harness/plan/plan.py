"""From configuration and options to a plan: which cells, in which order, for how long. Starts nothing."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from axes import BY_KEY
from harness import machine, notes
from harness.config import Config, ConfigError, Gate, Strategy
from harness.hosts import AT_HOME, Hosts
from harness.notes import Note
from harness.plan import attached, company, crowds, lengths, places, room
from harness.plan.group import Entry, Group, groups_of, taking_part
from harness.plan.precision import Precision
from harness.plan.selection import serving
from harness.plan.waves import by_strategy, who

# What a run spends outside its windows, for the expected time (seconds; from runs on two cores).
START_S, STOP_S = 0.20, 0.04  # a server
CONNECT_S = 0.0004  # a connection, with the exchange that proves it
SETTLE_S = 0.1  # until servers rest, before and after a crowd has come
SILENCE_S = 0.2  # until those that starve are given up on
BETWEEN_WINDOWS_S = 0.013  # its neighbours stand still, and it rests before and after
CHECK_S, CHECKED_AT_ONCE = 1.2, 2  # a strategy and service
HANDLER_CHECK_S = 0.7  # a strategy and handler
KNEE_PROBES = 14  # of a search, as expected
FOOTPRINT_BLOCKS = 2  # in which memory and work put off are looked for: they hardly differ from block to block
LEFT_ALONE_S = 0.3  # servers, at the end of a group, for that
BUDGET_S = 600.0
PERTURBED = 0.2  # of the cells, in each block
T = TypeVar("T")
Cell = tuple[int, str]  # place of its group, strategy: its forms get windows alike


@dataclass(frozen=True)
class Overrides:
    """What the command line lays over a profile: an axis given here replaces that axis everywhere."""

    values: Mapping[str, list[Any]] = field(default_factory=dict)  # by the axis's key
    along: str | None = None


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
    entries: dict[Group, dict[str, Entry]] = field(repr=False)  # what each group compares, by name
    waves: dict[Group, list[list[str]]] = field(repr=False)  # names of those alive together; all at once, mostly
    hosts: Hosts = AT_HOME

    @property
    def notes(self) -> list[Note]:
        """What keeps this plan's figures from meaning what they usually mean."""
        found = [notes.left_out(self.left_out, self.budget_s)] if self.left_out else []
        shared = places.shared(self._all_entries, self.loader_cpus)
        if shared is not None:
            found.append(notes.shared_cpu(shared))
        in_turn: dict[tuple[int, str], list[str]] = {}
        for group, waves_ in self.waves.items():
            if len(waves_) > 1:
                in_turn.setdefault((max(map(len, waves_)), self._in_each_wave(group)), []).append(str(group))
        found += [notes.in_turn("; ".join(groups), *how) for how, groups in in_turn.items()]
        if (here := self.workers - self.hosts.elsewhere) > len(self.loader_cpus):
            found.append(notes.crowded_loader(here, len(self.loader_cpus)))
        return found + attached.told(self.strategies)

    @property
    def servers_cpus(self) -> list[list[int]]:
        """The CPUs that servers run on, of each number of them that there is."""
        return places.each(self._all_entries)

    @property
    def company_cpus(self) -> list[int]:
        """Those that the servers' company runs on."""
        return company.cpus(self.servers_cpus, self.loader_cpus)

    @property
    def _all_entries(self) -> Iterator[Entry]:
        return (entry for entries in self.entries.values() for entry in entries.values())

    def _in_each_wave(self, group: Group) -> str:
        """The reference, if it is; else nothing."""
        reference = self.config.reference
        return reference if all(reference in wave for wave in self.waves[group]) else ""

    @property
    def usual(self) -> Mapping[str, Any]:
        """What goes without saying on each axis."""
        return self.groups[0].usual if self.groups else self.config.usual

    @property
    def handlers(self) -> list[str]:
        """What its servers do for each message, beside nothing."""
        return sorted({str(entry.values["handler"]) for entry in self._all_entries} - {"none"})

    @property
    def transports(self) -> list[str]:
        """How messages travel to its servers."""
        return list(dict.fromkeys(str(entry.values["transport"]) for entry in self._all_entries))

    @property
    def services(self) -> list[str]:
        return list(dict.fromkeys(group.service for group in self.groups))

    @property
    def descriptors(self) -> int:
        """Files that the hungriest process has open at once: the loader, or a server and who is its company."""
        of_loader = max(group.clients * max(map(len, self.waves[group])) for group in self.groups)
        return max(of_loader, company.files(self._all_entries)) + machine.DESCRIPTORS_ASIDE

    def shuffled(self, items: Sequence[T], *place: object) -> list[T]:
        """In the random order that the seed gives to that place of the run."""
        return random.Random(f"{self.seed}/{place}").sample(items, len(items))

    def in_turn(self, group: Group, names: Iterable[str], *place: object) -> list[str]:
        """Strategies in random order, the forms of each one right after the other: they are compared."""
        forms = by_strategy(self.entries[group], names)
        return [
            name
            for strategy in self.shuffled(list(forms), *place)
            for name in self.shuffled(forms[strategy], *place, strategy)
        ]

    def unable(self, group: Group) -> dict[str, str]:
        """Those that can't follow an axis which is varied in the group, by name, and why."""
        entries = self.entries[group]
        return {name: why for name, entry in entries.items() if (why := group.unable(entry))}

    @property
    def skipped(self) -> dict[str, list[str]]:
        """Why some can't take part somewhere, and the labels of those."""
        found: dict[str, list[str]] = {}
        for group in self.groups:
            for name, why in self.unable(group).items():
                label = self.entries[group][name].strategy.label
                if label not in found.setdefault(why, []):
                    found[why].append(label)
        return found

    def servers(self, groups: Iterable[Group]) -> dict[str, Entry]:
        """Whose servers these groups need, by name."""
        return {name: self.entries[group][name] for group in groups for name in self.members(group)}

    def members(self, group: Group) -> list[str]:
        return list(dict.fromkeys(self._taking_turns(group)))

    def _taking_turns(self, group: Group) -> list[str]:
        """The members wave by wave; one that is in several of them as often."""
        return [name for wave in self.waves[group] for name in wave]

    def window_seconds(self, group: Group, name: str) -> float:
        """Of a member; in the drain its handlers end."""
        window, handler_us = self.config.window, self.entries[group][name].values["handler_us"]
        counted_s = window.length(group.clients).counted_s if group.load == "closed" else self.config.open.counted_s
        length = lengths.of_window(window, group.clients, handler_us, counted_s)
        after_s = BETWEEN_WINDOWS_S + company.waiting_s(self.entries[group][name], self.backlog)
        return length["head_s"] + length["counted_s"] + handler_us / 1e6 + after_s

    def _round_seconds(self, group: Group) -> float:
        return sum(self.window_seconds(group, name) for name in self._taking_turns(group))

    def rounds_of(self, group: Group) -> float:
        """Windows of a cell in a block, as expected, those with a slowed loader included."""
        return {"closed": self.rounds + PERTURBED, "open": self.rounds, "knee": KNEE_PROBES}[group.load]

    def group_seconds(self, group: Group) -> float:
        """Expected for one block."""
        members = [self.entries[group][name] for name in self._taking_turns(group)]
        starving = any(not entry.strategy.serves_all(group.clients) for entry in members)
        connecting = len(members) * group.clients * CONNECT_S + SILENCE_S * starving + company.coming_s(members)
        return connecting + self.rounds_of(group) * self._round_seconds(group)

    @property
    def windows_seconds(self) -> float:
        """Expected for all windows, with what lies between two of them."""
        return self.blocks * sum(self.rounds_of(group) * self._round_seconds(group) for group in self.groups)

    @property
    def goes_on(self) -> bool:
        """Whether it ends when enough is known, and not after so many blocks."""
        return bool(self.precision or self.gate)

    @property
    def cells(self) -> set[Cell]:
        """All that there are to be measured."""
        return {
            (place, self.entries[group][name].strategy.name)
            for place, group in enumerate(self.groups)
            for name in self.members(group)
        }

    @property
    def extent(self) -> tuple[float, str]:
        """What progress is told in: seconds, and of what."""
        return (self.budget_s, "s at most") if self.goes_on else (self.windows_seconds, "s of windows")

    @property
    def expected_seconds(self) -> float:
        """The check of the strategies and all blocks; charts not included."""
        return self.seconds_of(self.blocks)

    def seconds_of(self, blocks: int) -> float:
        """Expected for the check of the strategies and so many blocks."""
        return self._check_seconds + blocks * self.block_seconds + sum(map(self.beside_seconds, range(blocks)))

    @property
    def blocks_at_most_s(self) -> float | None:
        """What of the limit is left for all blocks, after the check of the strategies as expected."""
        return None if self.at_most_s is None else self.at_most_s - self._check_seconds

    @property
    def _check_seconds(self) -> float:
        tried = len(self.services) * len(self.transports) * CHECK_S + len(self.handlers) * HANDLER_CHECK_S
        return len(self.strategies) * tried / CHECKED_AT_ONCE

    def beside_seconds(self, block: int) -> float:
        """Expected for what some blocks have beside their rounds: crowds before them, servers left alone after them."""
        come = [group for service in self.services for group in self.crowds(service, block)]
        left = [group for group in self.groups if self.has_footprint(group, block)]
        return sum(len(self.members(group)) * (1 + group.clients) * CONNECT_S + 2 * SETTLE_S for group in come) + sum(
            len(self.waves[group]) * LEFT_ALONE_S for group in left
        )

    def has_footprint(self, group: Group, block: int) -> bool:
        """Whether it is told in that block what the group's servers hold and do."""
        return block < FOOTPRINT_BLOCKS or group in self.crowds(group.service, block)

    @property
    def block_seconds(self) -> float:
        """Expected for one block, without what some have beside their rounds."""
        return self.servers_a_block * (START_S + STOP_S) + sum(map(self.group_seconds, self.groups))

    @property
    def servers_a_block(self) -> int:
        """How many are started: each strategy with each value of the axes on the servers' side, for each service."""
        return sum(len(self.servers(self.of_service(service))) for service in self.services)

    def crowds(self, service: str, block: int) -> list[Group]:
        """The groups whose crowds come before the others in a block, so that their memory is read."""
        return crowds.of_block(self.of_service(service), block)

    def of_service(self, service: str) -> list[Group]:
        return [group for group in self.groups if group.service == service]


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
    named: Sequence[str] = (),
) -> Plan:
    """Raises ConfigError where what is asked for, such as a strategy that is `named`, can't be measured here."""
    if (overrides.values.get("load") == ["open"]) != bool(overrides.values.get("rate")):
        raise ConfigError(
            "--load open and --rate belong together, such as --load open --rate 2000,50%; give both or neither"
        )
    profile = config.profile(profile_name)
    config = config.measuring(profile)
    server_cpus, loader_cpus = machine.share_cpus(config, workers or config.loadgen.workers)
    usual = config.usual | {"server_cpus": " ".join(map(str, server_cpus))}
    groups = taking_part(_groups(config, profile_name, overrides, usual), strategies)
    strategies = serving(strategies, list(dict.fromkeys(group.service for group in groups)), named, config.profiles)
    workers = workers or config.loadgen.workers
    room.must_suffice(groups, strategies, overrides.values, config.origin(f"profiles.{profile_name}"))
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
        backlog=min(2 * max(group.clients for group in groups) + 16, machine.backlog_limit()),
        precision=precision,
        gate=gate,
        budget_s=budget_s or BUDGET_S,
        variants=variants or {},
        left_out=[],
        **who(groups, strategies, config.reference),
    )
    if not any(plan.members(group) for group in groups):
        why = next(why for group in groups for why in plan.unable(group).values())
        raise ConfigError(f"none of these strategies can take part: {why}; widen --strategies, or leave that axis out")
    while (longer := replace(plan, rounds=plan.rounds + 1)).expected_seconds <= profile.at_least_s:
        plan = longer
    # A run that goes on until it knows enough has its budget. What needs more than a limit anyway doesn't have it: it
    # was set for fewer strategies, variants or points of the matrix.
    if precision or gate:
        return plan
    if plan.expected_seconds <= (profile.at_most_s or 0):
        return replace(plan, at_most_s=profile.at_most_s)
    fits = replace(plan, rounds=1).expected_seconds <= (profile.all_at_most_s or 0)
    return replace(plan, at_most_s=profile.all_at_most_s if fits else None)


def _groups(config: Config, profile: str, overrides: Overrides, usual: Mapping[str, Any]) -> list[Group]:
    matrix = [entry.with_values(overrides.values, overrides.along) for entry in config.profile(profile).matrix]
    file = f"{config.origin(f'profiles.{profile}')}: profiles.{profile}: cpus"
    source = BY_KEY["cpus"].option if "cpus" in overrides.values else file
    return groups_of(matrix, usual, lambda count: places.of_count(config, count, source), config.strategies)


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
            left_out = [*plan.left_out, names[-1]]
            plan = replace(plan, strategies=kept, left_out=left_out, **who(plan.groups, kept, plan.config.reference))
        else:
            raise ConfigError(
                f"--budget {plan.budget_s:.0f}s: a change is seen in some blocks and confirmed in others; the {blocks} "
                f"that this takes at least last {plan.seconds_of(blocks):.0f} s for {names[0]} alone; allow that much"
            )
    return plan
