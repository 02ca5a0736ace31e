"""A group of cells: one point of the matrix, and who is compared there."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import axes
from axes import Axis
from harness import machine
from harness.config import ConfigError, Matrix, Strategy, meant
from harness.plan.needs import missing


@dataclass(frozen=True)
class Entry:
    """What a group compares: a strategy in a variant, at its value of the axis that the group compares along."""

    name: str  # of its server, too: it tells it from all that are alive at the same time
    strategy: Strategy
    values: Mapping[str, Any]  # of every axis: with the strategy they make the cell

    @property
    def settings(self) -> dict[str, Any]:
        """What its server is told: the axes on the command's side. A run that begins counts a handler's iterations."""
        return {axis.name: self.values[axis.name] for axis in axes.on("command")} | {axes.ITERATIONS: 0}

    def beside(self, size: int) -> "Entry":
        """The same with a company of that size."""
        return Entry(self.name, self.strategy, {**self.values, "company_size": size})

    @property
    def is_own(self) -> bool:
        """Whether its server is started for the run, and isn't attached."""
        return not self.strategy.attach

    @property
    def cpus(self) -> list[int]:
        """Those that its server runs on."""
        return list(map(int, self.values["server_cpus"].split()))


@dataclass(frozen=True, repr=False)
class Group:
    """The cells that differ only in strategy, variant and value of the axis `along`; they are interleaved."""

    point: tuple[tuple[str, Any], ...]  # axis and value; of the axis that is compared along, a tuple of its values
    along: str = ""  # the name of that axis; empty for most groups
    usual: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)  # for its title
    varied: frozenset[str] = field(default=frozenset(), compare=False, repr=False)  # axes that the matrix names, though
    # a setting has their usual value: who can't follow them takes no part, not even at that value
    only: frozenset[str] | None = field(default=None, compare=False, repr=False)  # strategies that take part; None: all

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.point)

    def __getitem__(self, axis: str) -> Any:
        return self.values[axis]

    def __str__(self) -> str:
        return axes.title(self.values, self.usual)

    def __repr__(self) -> str:
        """What random orders are drawn from: what isn't usual, so that a new axis leaves those of older plans alone."""
        unusual = {name: value for name, value in self.point if value != self.usual.get(name)}
        return f"Group({json.dumps(unusual | {axes.ALONG: self.along})})"

    def at(self, **values: Any) -> "Group":
        """The same group with other values on some axes."""
        return replace(self, point=tuple((self.values | values).items()))

    def joined(self, other: "Group") -> "Group":
        """The same group with those who take part in another of its point, too."""
        both = None if self.only is None or other.only is None else self.only | other.only
        return replace(self, only=both, varied=self.varied | other.varied)

    @property
    def service(self) -> str:
        return str(self["service"])

    @property
    def clients(self) -> int:
        return int(self["clients"])

    @property
    def load(self) -> str:
        return str(self["load"])

    @property
    def exchange(self) -> dict[str, Any]:
        """What the load generator is told of its clients' messages."""
        return {axis.name: self[axis.name] for axis in axes.on("exchange")}

    @property
    def ends_connections(self) -> bool:
        """Whether clients end connections, whose ports stay taken for a minute then; greet's are ended by servers."""
        return not axes.connections_stay(self.values) and self.service not in axes.OF_SERVICE

    @property
    def closed(self) -> "Group":
        """The same cells under the closed loop."""
        return self.at(load="closed", rate="")

    @property
    def needs_capacity(self) -> bool:
        """Whether its rate is a share of what the closed loop achieves."""
        return str(self["rate"]).endswith("%")

    def rate_rps(self, capacity_rps: float) -> float:
        """Its rate, of a strategy with that capacity."""
        return float(self["rate"].rstrip("%")) * (capacity_rps / 100 if self.needs_capacity else 1)

    def entries(self, strategies: Mapping[str, Strategy]) -> Iterator[Entry]:
        """Each strategy that offers the service, at each value along; also those that can't follow an axis."""
        for label, strategy in strategies.items():
            is_in = self.only is None or strategy.name in self.only
            if is_in and self.service in strategy.services:
                for values in self.points():
                    yield Entry(self._name(label, values), strategy, values)

    def points(self) -> Iterator[dict[str, Any]]:
        """The values of each of its cells on all axes."""
        for value in self[self.along] if self.along else [None]:
            yield self.values | ({self.along: value} if self.along else {})

    def _name(self, label: str, values: Mapping[str, Any]) -> str:
        """The label, with what else tells its server from others: epoll (1 KiB)."""
        alone = axes.company_of(values)[0] == "none"
        unusual = [
            axis.write(values[axis.name])
            for axis in axes.of_servers()
            if values[axis.name] != self.usual[axis.name] and not (alone and "company" in axis.sides)
        ]
        return f"{label} ({', '.join(unusual)})" if unusual else label

    def _not_of_attached(self, strategy: Strategy) -> str:
        """Why one that runs already can't take part: it has no options, and nobody is sent to it beside the clients."""
        for axis in axes.of_servers():
            value = self[axis.name]
            if axis.name in self.varied if axis.setting else value != self.usual.get(axis.name, value):
                what = axis.title or axis.name.replace("_", " ")
                return f"is attached, and runs as somebody else has started it: {what} can't be chosen here"
        if self.ends_connections and strategy.is_elsewhere and not machine.reuses_ports():
            return (
                "is attached on another machine, and the ports of clients that have left stay taken for a minute, so "
                "that soon there are none; `sysctl net.ipv4.tcp_tw_reuse=1` frees them"
            )
        return ""

    def unable(self, entry: Entry) -> str:
        """Why it can't take part: an axis that it doesn't follow is varied here. Empty if it can."""
        strategy = entry.strategy
        if strategy.attach and (why := self._not_of_attached(strategy)):
            return why
        kind, size = axes.company_of(entry.values)
        if kind in axes.STAYING and not strategy.serves_all(size + 1):
            return (
                f"serves {strategy.serves} at a time: the {size:,} that come before its clients and stay take all "
                "its places"
            )
        if absent := missing(strategy):
            return absent
        if entry.values["handler"] in strategy.lacks:
            return f"has no way to carry out a handler that {entry.values['handler']}"
        if self["handler"] != self.usual.get("handler", self["handler"]) and not strategy.is_told("handler"):
            return "has no handler: its command has no {handler}"
        if strategy.carries and not axes.ended_after(self.values, strategy.carries):
            requests = "each request" if strategy.carries == 1 else f"{strategy.carries} requests"
            return f"ends a connection after {requests}, and here they last longer"
        if self["transport"] != self.usual.get("transport", self["transport"]) and not strategy.is_told("transport"):
            return "listens on TCP alone: its command has no {transport}"
        for name, why in strategy.fixed.items():
            if name in self.varied:
                return f"can't follow {axes.AXES[name].title}: {why}"
        return ""


def groups_of(
    matrix: Sequence[Matrix],
    usual: Mapping[str, Any],
    cpus: Callable[[int], str],
    strategies: Mapping[str, Strategy],
) -> list[Group]:
    """Each once: the closed loops first, in the order of the file, as others may need their rates.

    `cpus` says which ones so many are; whom an entry names is one of all the `strategies` that there are.
    """

    def only(words: Sequence[str]) -> frozenset[str] | None:
        return frozenset(name for word in words for name in meant(word, strategies)) if words else None

    wanted = _joined(
        replace(group, only=only(entry.strategies)) for entry in matrix for group in _product(entry, usual, cpus)
    )
    closed = [group.closed for group in wanted if group.load == "closed" or group.needs_capacity]
    return _joined([*closed, *wanted])


def taking_part(groups: Sequence[Group], strategies: Mapping[str, Strategy]) -> list[Group]:
    """The groups in which one of these has a part. Raises ConfigError where what the entries name leaves none."""
    taken = {strategy.name for strategy in strategies.values()}
    found = [group for group in groups if group.only is None or group.only & taken]
    if not found:
        asked = ", ".join(sorted(set().union(*(group.only or () for group in groups))))
        raise ConfigError(
            f"none of these strategies is in the profile's matrix, which names {asked}; take one of those"
        )
    return found


def _joined(groups: Iterable[Group]) -> list[Group]:
    """Each point once, with everybody who takes part there."""
    found: dict[Group, Group] = {}
    for group in groups:
        found[group] = found[group].joined(group) if group in found else group
    return list(found.values())


def _product(entry: Matrix, usual: Mapping[str, Any], cpus: Callable[[int], str]) -> Iterator[Group]:
    """Every combination, the axes varying the faster the later they stand in the list."""
    along = axes.BY_KEY[entry.along].name if entry.along else ""

    def combined(chosen: dict[str, Any], rest: Sequence[Axis]) -> Iterator[dict[str, Any]]:
        if not rest:
            yield chosen
            return
        axis, *further = rest
        given = list(dict.fromkeys(entry.values(axis)))
        values: list[Any] = list(map(cpus, given)) if axis.kind == "cpus" else given
        values = values or [usual[axis.name]]
        if axis.name == along:
            values = [tuple(sorted(values, key=axis.place))]
        fixed = axes.settled(chosen)
        for value in [fixed[axis.name]] if axis.name in fixed else values:
            yield from combined(chosen | {axis.name: value}, further)

    varied = frozenset(axis.name for axis in axes.BY_KEY.values() if axis.setting and entry.values(axis))
    for values in combined({}, list(axes.AXES.values())):
        compared = along if along and isinstance(values[along], tuple) else ""  # what is settled isn't compared
        yield Group(tuple(values.items()), compared, usual, varied)
