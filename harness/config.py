"""bench.toml, read and checked: what is measured, how, and against whom.

Whatever is wrong with it becomes one `ConfigError` line that names the file, the key and the remedy.
"""

import difflib
import re
import shlex
import shutil
import string
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

Service = Literal["echo", "greet", "log"]
SERVICES: tuple[str, ...] = get_args(Service)
Load = Literal["closed", "open", "knee"]
LOADS: tuple[str, ...] = get_args(Load)
PLACEHOLDERS = ("python", "host", "port", "backlog", "service", "recv_size", "options")

# A message names its client in 8 characters, one more tells two successive requests apart, and CRLF ends it.
SMALLEST_MESSAGE = 11
LARGEST_MESSAGE = 64 * 2**20
NOT_IN_THE_FILE = ("name", "cwd", "variant", "python", "env")  # of a strategy
MOST_WORKERS = 64

Seconds = Annotated[float, Field(gt=0, le=3600)]
# Head, counted part and drain together stay under the minute after which a loader is taken to hang.
WindowSeconds = Annotated[float, Field(gt=0, le=20)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Share = Annotated[float, Field(gt=0, le=1)]
Cpus = Literal["auto"] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]


class ConfigError(Exception):
    """Bad input; its text is the one line that the user needs."""


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Strategy(Table):
    """How one server is started, and what is known of it."""

    command: str
    ready: Literal["line", "connect"] = "line"
    services: Annotated[tuple[Service, ...], Field(min_length=1)] = SERVICES  # type: ignore[assignment]
    listing: str | None = None
    one_at_a_time: bool = False
    handler: Literal["waits", "computes"] | None = None
    memory_per_client: ByteSize = ByteSize(64 * 1024)
    # Not in the file: the key it stands under, the folder it runs in, and which form of it this is.
    name: str = ""
    cwd: Path = Path()
    variant: str = ""
    python: str = sys.executable
    env: dict[str, str] = {}

    @field_validator("command")
    @classmethod
    def _known_placeholders(cls, command: str) -> str:
        try:
            fields = list(string.Formatter().parse(command))
            empty = not shlex.split(command)
        except ValueError as error:
            raise ValueError(f"not a command: {str(error).lower()}; a literal brace is written twice") from None
        if empty:
            raise ValueError("the command is empty")
        for _, field, form, conversion in fields:
            if field is not None and (field not in PLACEHOLDERS or form or conversion):
                raise ValueError(f"unknown placeholder {{{field}}}{nearest(field, PLACEHOLDERS)}")
        return command

    @property
    def label(self) -> str:
        """What tells it from all others of a run."""
        return f"{self.name}@{self.variant}" if self.variant else self.name

    @property
    def program(self) -> str | None:
        """The path of the program that the command starts; None where there is none."""
        word = shlex.split(self.command)[0]
        if word == "{python}":
            return self.python
        # A name with a slash is meant from the bench file's folder, where the command will run.
        return shutil.which(self.cwd / word if "/" in word else word)


class Variant(Table):
    """The same strategies in another form. An empty table is what runs without one."""

    python: str = ""  # an interpreter, by name or path; empty: the one that runs this
    requirements: list[str] = []  # its own environment holds these and what they need, and nothing else
    env: dict[str, str] = {}  # on top of the environment of the run


class Servers(Table):
    cpus: Cpus = "auto"
    recv_size: Annotated[ByteSize, Field(ge=1, le=2**24)]
    ready_timeout_s: Seconds
    stop_timeout_s: Seconds

    def settings(self, service: str) -> dict[str, object]:
        """What fills the placeholders of a server's command, beside where it listens."""
        return {"service": service, "recv_size": self.recv_size}


class Loadgen(Table):
    workers: Annotated[int, Field(ge=1, le=MOST_WORKERS)] = 1
    cpus: Cpus = "auto"
    loop: Literal["auto", "compiled", "python"] = "auto"
    audit_every: Annotated[int, Field(ge=0, le=1_000_000)]


class WindowLength(Table):
    clients: Count
    head_s: Annotated[float, Field(ge=0, le=5)]
    counted_s: WindowSeconds


class Window(Table):
    lengths: Annotated[list[WindowLength], Field(min_length=1)]
    grow_to_p99s: Annotated[float, Field(ge=0)]
    p99_multiple: Annotated[float, Field(ge=0)]
    counted_limit_s: WindowSeconds
    drain_limit_s: WindowSeconds
    request_timeout_s: WindowSeconds

    def length(self, clients: int) -> WindowLength:
        """Head and counted part for a crowd of that size."""
        by_size = sorted(self.lengths, key=lambda length: length.clients)
        return next((length for length in by_size if clients <= length.clients), by_size[-1])

    def durations(self, head_s: float, counted_s: float) -> dict[str, float]:
        """A window with such a head and counted part, in seconds, as the load generator is told of it."""
        return {
            "head_s": head_s,
            "counted_s": counted_s,
            "drain_limit_s": self.drain_limit_s,
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
    drift_share: Share
    littles_law_share: Share
    arrival_share: Share


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


def _rate(given: object) -> object:
    """2000 or "2000" requests per second, "50%" of the capacity; as text."""
    text = str(given).replace(" ", "") if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?%?", text) or not 0 < float(text.rstrip("%")) <= 10_000_000:
        raise ValueError('not a rate; write 2000 for requests per second or "50%" of the closed loop\'s')
    return text


Rate = Annotated[str, BeforeValidator(_rate)]


class Matrix(Table):
    """The product of its lists. greet and log close after one request, and greet has one size."""

    service: Annotated[list[Service], Field(min_length=1)]
    clients: Annotated[list[Count], Field(min_length=1)]
    sizes: Annotated[list[Annotated[ByteSize, Field(ge=SMALLEST_MESSAGE, le=LARGEST_MESSAGE)]], Field(min_length=1)] = [
        ByteSize(64)
    ]
    requests_per_connection: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [0]
    load: Load = "closed"
    rate: list[Rate] = []

    @model_validator(mode="after")
    def _rate_where_open(self) -> "Matrix":
        if (self.load == "open") != bool(self.rate):
            raise ValueError('load = "open" takes rate = [...], such as rate = [2000, "50%"], and no other load does')
        return self


class Profile(Table):
    blocks: Annotated[int, Field(ge=2, le=1000)]
    rounds: Annotated[int, Field(ge=1, le=1000)]
    at_least_s: Annotated[float, Field(ge=0, le=86400)] = 0
    at_most_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    matrix: Annotated[list[Matrix], Field(min_length=1)]

    @model_validator(mode="after")
    def _at_least_fits_into_at_most(self) -> "Profile":
        if self.at_most_s is not None and self.at_least_s > self.at_most_s:
            raise ValueError(f"at_least_s is {self.at_least_s:g} and at_most_s {self.at_most_s:g}; make it no larger")
        return self


class Config(Table):
    """The whole of bench.toml, with what was laid over it."""

    reference: str
    seed: int = 1
    strategies: Annotated[dict[str, Strategy], Field(min_length=1)]
    servers: Servers
    loadgen: Loadgen
    window: Window
    open: OpenLoop
    knee: Knee
    verdict: Thresholds
    gate: Gate
    variants: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")], Variant] = {}
    profiles: Annotated[dict[str, Profile], Field(min_length=1)]
    origins: dict[str, Path] = {}

    def profile(self, name: str) -> Profile:
        if name not in self.profiles:
            raise ConfigError(
                f"--profile {name}: no such profile{nearest(name, self.profiles)}; there are {', '.join(self.profiles)}"
            )
        return self.profiles[name]

    def origin(self, key: str) -> Path:
        """The file that a key such as "servers.cpus" comes from."""
        return self.origins[key]


def read(path: Path, on_top: Path | None = None) -> Config:
    """The configuration of `path`, with the tables of `on_top`, if given, laid over it key by key."""
    tables = _read(path)
    origins = dict.fromkeys(_keys(tables), path)
    if on_top is not None:
        above = _read(on_top)
        tables = _overlay(tables, above)
        origins |= dict.fromkeys(_keys(above), on_top)
    try:
        config = Config.model_validate(tables | {"origins": origins})
    except ValidationError as error:
        raise ConfigError(_one_line(origins, path, error)) from None
    if config.reference not in config.strategies:
        raise ConfigError(
            f"{config.origin('reference')}: reference: no strategy {config.reference!r}"
            f"{nearest(config.reference, config.strategies)}; name one of [strategies]"
        )
    return config


def strategies_of(path: Path) -> dict[str, Strategy]:
    """The strategies of a bench file alone: one of another revision may say other things than this version reads."""
    tables = _read(path)
    try:
        return TypeAdapter(dict[str, Strategy]).validate_python(tables.get("strategies", {}))
    except ValidationError as error:
        raise ConfigError(_one_line({}, path, error)) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean "select"?)`, or nothing where nothing is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f' (did you mean "{close[0]}"?)' if close else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name another with --bench FILE") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}; mend that line") from None
    if "origins" in tables:
        raise ConfigError(f"{path}: origins: unknown key; remove it")
    strategies = tables.get("strategies", {})
    if not isinstance(strategies, dict):
        raise ConfigError(f'{path}: strategies: must be a table; write [strategies] and name = "command" lines')
    for name, entry in strategies.items():
        if isinstance(entry, str):
            entry = strategies[name] = {"command": entry}
        if isinstance(entry, dict):
            for own in NOT_IN_THE_FILE:
                if own in entry:
                    raise ConfigError(f"{path}: strategies.{name}.{own}: unknown key; remove it")
            entry |= {"name": name, "cwd": path.resolve().parent}
    return tables


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Tables merge key by key, but a strategy or a profile is replaced whole."""
    merged = dict(below)
    for key, value in above.items():
        both_tables = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = below[key] | value if both_tables else value
    return merged


def _keys(tables: dict[str, Any]) -> list[str]:
    """The keys of a file, two levels deep: that is how files are laid over each other."""
    inner = [f"{key}.{name}" for key, value in tables.items() if isinstance(value, dict) for name in value]
    return [*tables, *inner]


def _one_line(origins: dict[str, Path], path: Path, error: ValidationError) -> str:
    # A key that is misspelt is unknown, and then missing too: the one that can be seen in the file is named.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"] if not str(part).startswith(("literal[", "list[")))
    top = str(first["loc"][0])
    file = origins.get(".".join(map(str, first["loc"][:2])), origins.get(top, path))
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        return f"{file}: {where}: unknown key{nearest(key, _all_keys())}; correct or remove it"
    if first["type"] == "missing":
        whole = "; a profile stands for the whole of it" if top == "profiles" and len(first["loc"]) == 3 else ""
        return f"{file}: {where}: is missing; add it{whole}"
    given = first["input"]
    shown = f" (is {given!r})" if isinstance(given, str | int | float) else ""
    advice = nearest(given, SERVICES) if isinstance(given, str) and "service" in where else ""
    return f"{file}: {where}{shown}: {first['msg'].removeprefix('Value error, ')}{advice}"


def _all_keys() -> set[str]:
    models = (Config, Strategy, Variant, Servers, Loadgen, WindowLength, Window, OpenLoop, Knee, Thresholds, Gate,
              Matrix, Profile)  # fmt: skip
    return {key for model in models for key in model.model_fields} - {"name", "cwd", "variant", "origins"}
