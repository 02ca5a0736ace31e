"""The tables of bench.toml, and what may stand in each."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ByteSize, Field, model_validator

import axes
from harness.config.matrix import Matrix
from harness.config.strategy import OTHER, Count, Environment, Strategy
from harness.config.table import ConfigError, Table, nearest

SERVICES = axes.AXES["service"].choices
MOST_WORKERS = 64
MOST_BLOCKS = 1000

Seconds = Annotated[float, Field(gt=0, le=3600)]
# Head, counted part and drain together stay under the minute after which a loader is taken to hang.
WindowSeconds = Annotated[float, Field(gt=0, le=20)]
Share = Annotated[float, Field(gt=0, le=1)]


Cpus = Literal["auto"] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


class Family(Table):
    """Strategies that wait alike; they stand together in charts, tables and `--list`."""

    waits: Annotated[str, Field(min_length=1)]  # the strategy waits ...


class Variant(Table):
    """The same strategies in another form. An empty table is what runs without one."""

    python: str = ""  # an interpreter, by name or path; empty: the one that runs this
    requirements: list[str] = []  # its own environment holds these and what they need, and nothing else
    libraries: bool = False  # and those of servers.libraries that can be had for it, in our versions
    env: Environment = {}  # on top of the environment of the run


class Servers(Table):
    cpus: Cpus = "auto"
    recv_size: Annotated[ByteSize, Field(ge=axes.AXES["recv_size"].low, le=axes.AXES["recv_size"].high)]
    ready_timeout_s: Seconds
    stop_timeout_s: Seconds
    libraries: list[str] = []  # that strategies stand on


class Loadgen(Table):
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = 1
    cpus: Cpus = "auto"
    loop: Literal["auto", "compiled", "python"] = "auto"
    stamps_per_s: Annotated[int, Field(ge=0, le=100_000_000)]
    hosts_timeout_s: Seconds = 120.0


class WindowLength(Table):
    clients: Count
    head_s: Annotated[float, Field(ge=0, le=5)]
    counted_s: WindowSeconds
    counted_limit_s: WindowSeconds | None = None  # that it grows to; None: as [window] says for all, and below alike
    drain_limit_s: WindowSeconds | None = None


class Window(Table):
    lengths: Annotated[list[WindowLength], Field(min_length=1)]
    grow_to_p99s: Annotated[float, Field(ge=0)]
    p99_multiple: Annotated[float, Field(ge=0)]
    counted_limit_s: WindowSeconds
    drain_limit_s: WindowSeconds
    lost_after_s: WindowSeconds
    request_timeout_s: WindowSeconds

    def length(self, clients: int) -> WindowLength:
        """Head and counted part for a crowd of that size."""
        by_size = sorted(self.lengths, key=lambda length: length.clients)
        return next((length for length in by_size if clients <= length.clients), by_size[-1])

    def grown(self, clients: int, p99_s: float) -> float:
        """The counted part in seconds, where a typical p99 is that long: it grows where the tail would not fit in."""
        length = self.length(clients)
        wanted_s = min(self.grow_to_p99s * p99_s, length.counted_limit_s or self.counted_limit_s)
        return max(length.counted_s, math.ceil(wanted_s * 100) / 100)

    def durations(self, head_s: float, counted_s: float, clients: int = 1) -> dict[str, float]:
        """A window with such a head and counted part, in seconds, as the load generator is told of it."""
        return {
            "head_s": head_s,
            "counted_s": counted_s,
            "drain_limit_s": self.length(clients).drain_limit_s or self.drain_limit_s,
            "lost_after_s": self.lost_after_s,
            "request_timeout_s": self.request_timeout_s,
        }


class OpenLoop(Table):
    """Requests that start when their time has come, whether or not the server keeps up."""

    arrivals: Literal["poisson", "even"]
    counted_s: WindowSeconds
    backlog: Annotated[int, Field(ge=1, le=1_000_000)]


class Knee(Table):
    """The search for the highest rate whose p99 stays under the limit."""

    p99_limit_ms: Annotated[float, Field(gt=0, le=60_000)]
    within: Annotated[float, Field(ge=0.001, le=1)]
    start_rps: Annotated[float, Field(ge=1, le=1_000_000)]


class Thresholds(Table):
    """Thresholds of what is said about a cell."""

    perturb_from_share: Annotated[float, Field(ge=0, le=1)]
    spin_share: Annotated[float, Field(gt=0, le=10)]
    errors_share: Share
    busy_share: Share
    round_trip_factor: Annotated[float, Field(ge=1)]
    block_spread: Annotated[float, Field(gt=0)]
    trend_share: Share
    pace_share: Share
    drift_share: Share
    littles_law_share: Share
    arrival_share: Share
    neighbours_share: Share
    taken_share: Share
    put_off_share: Share
    restless_share: Share


class Gate(Table):
    """How a change is told from noise; analysis/gate has the method, METHODOLOGY.md the reasons."""

    budget_s: Annotated[float, Field(gt=0, le=86_400)]
    first_look: Annotated[int, Field(ge=10, le=1000)]  # blocks
    alarms: Annotated[float, Field(gt=0, le=0.2)]
    screening: Annotated[float, Field(gt=0, le=1)]
    promise: Annotated[float, Field(gt=0, le=0.2)]
    floor: Share
    margin: Share
    p99_margin: Share


class Profile(Table):
    blocks: Annotated[int, Field(ge=2, le=MOST_BLOCKS)]
    rounds: Annotated[int, Field(ge=1, le=1000)]
    at_least_s: Annotated[float, Field(ge=0, le=86400)] = 0
    at_most_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    all_at_most_s: Annotated[float, Field(gt=0, le=86400)] | None = (
        None  # of a run that is expected to last longer than that
    )
    strategies: Annotated[list[str], Field(min_length=1)] = ["all"]  # where --strategies names none
    reference: str = ""  # that ratios are taken to, if not the file's
    matrix: Annotated[list[Matrix], Field(min_length=1)]

    @model_validator(mode="after")
    def _at_least_fits_into_at_most(self) -> "Profile":
        if self.at_most_s is not None and self.at_least_s > self.at_most_s:
            raise ValueError(f"at_least_s is {self.at_least_s:g} and at_most_s {self.at_most_s:g}; make it no larger")
        if self.all_at_most_s is not None and self.all_at_most_s < (self.at_most_s or 0):
            raise ValueError(
                f"all_at_most_s is {self.all_at_most_s:g} and at_most_s {self.at_most_s:g}; make it no smaller"
            )
        return self


class Amount(Table):
    """How much a trial measures: its matrix comes from the claims."""

    blocks: Annotated[int, Field(ge=2, le=MOST_BLOCKS)]
    rounds: Annotated[int, Field(ge=1, le=1000)]
    at_most_s: Annotated[float, Field(gt=0, le=86400)] | None = None


class Config(Table):
    """The whole of bench.toml, with what was laid over it."""

    reference: str
    seed: int = 1
    strategies: Annotated[dict[str, Strategy], Field(min_length=1)]
    families: dict[str, Family]
    servers: Servers
    loadgen: Loadgen
    window: Window
    open: OpenLoop
    knee: Knee
    verdict: Thresholds
    gate: Gate
    variants: dict[str, Variant] = {}
    profiles: Annotated[dict[str, Profile], Field(min_length=1)]
    trial: dict[str, Amount] = {}
    origins: dict[str, Path] = {}

    def place(self, name: str) -> int | None:
        """The place of a strategy among all of its family; None of one that is of no family, or of no bench file."""
        strategy = self.strategies.get(name)
        if strategy is None or strategy.family == OTHER:
            return None
        return [other.name for other in self.strategies.values() if other.family == strategy.family].index(name)

    def profile(self, name: str) -> Profile:
        if name not in self.profiles:
            raise ConfigError(
                f"--profile {name}: no such profile{nearest(name, self.profiles)}; there are {', '.join(self.profiles)}"
            )
        return self.profiles[name]

    def measuring(self, profile: Profile) -> "Config":
        """The same, whose reference is the profile's."""
        return self.model_copy(update={"reference": profile.reference or self.reference})

    @property
    def usual(self) -> dict[str, Any]:
        """The value of each axis where a matrix doesn't name it; None of what the machine says."""
        return {name: self._setting(axis.setting) if axis.setting else axis.usual for name, axis in axes.AXES.items()}

    def settings(self, service: str) -> dict[str, Any]:
        """What a server of that service is told where all else is as usual: what fills its command."""
        usual = {axis.name: self.usual[axis.name] for axis in axes.on("command")}
        return usual | {axes.ITERATIONS: 0, "service": service}

    def _setting(self, key: str) -> int | None:
        table, name = key.split(".")
        value = getattr(getattr(self, table), name)
        return int(value) if isinstance(value, int) else None

    def origin(self, key: str) -> Path:
        """The file that a key such as "servers.cpus" comes from."""
        return self.origins[key]
