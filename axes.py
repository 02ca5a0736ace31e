"""What makes a cell, beside its strategy and variant: each axis defined here, once.

A cell is a strategy in a variant at one value of each axis. A group is the cells that are compared with each other:
they differ in strategy and variant alone, and in the values of one axis where the group is compared *along* it.

From this list come the keys of a matrix entry in bench.toml, the options of the command line, the placeholders of a
server's command, what the load generator is told, the fields of run.json and windows.jsonl, the columns of cells.csv,
the words in titles and file names, and the charts. Both wings read it; it imports neither. run.json carries it, so
that a results folder says itself what its cells are made of.

What else an axis needs is listed in CONTRIBUTING.md; the last one that came, the receive size, is the example.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Side = Literal["command", "exchange", "load", "place"]
Kind = Literal["choice", "count", "bytes", "rate", "cpus"]
Service = Literal["echo", "greet", "log"]
Load = Literal["closed", "open", "knee"]


@dataclass(frozen=True)
class Axis:
    """One dimension of a cell: how it is named, what it may be, whom it concerns, and how it is written."""

    name: str  # in run.json, windows.jsonl, cells.csv; the placeholder of a server's command
    key: str  # of its values in a matrix entry and on the command line
    sides: tuple[Side, ...]  # command: a server's; exchange: what a client says; load: how many and when; place: CPUs
    kind: Kind
    meaning: str
    unit: str = ""
    is_in_front: bool = False  # in cells.csv, whose columns stay where they were
    since: int = 1  # version of the results folder that has it first
    usual: Any = None  # what goes without saying
    setting: str = ""  # table.key of bench.toml that holds the usual value instead
    unlimited: Any = None  # the value that files leave empty
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    bounds: str = ""  # low and high as an error says them
    single: bool = False  # a matrix entry has one value, not a list
    required: bool = False  # a matrix entry must name it
    said: Literal["always", "in full", "unusual"] = "unusual"  # in titles: in all, in long ones, where it isn't usual
    commands: tuple[str, ...] = ()  # that have an option for it
    metavar: str = ""
    help: str = ""
    says: Callable[[Any], str] | None = None  # among other words: 100 clients
    describes: Callable[[Any], str] | None = None  # under a chart's title, where that is longer
    stem: str = ""  # of the file names of charts along it; empty: it has none
    title: str = ""  # throughput by ...
    files: Callable[[Any], str] | None = None  # in a file name, where that is shorter

    def write(self, value: Any) -> str:
        """The value by itself: 500, 16 KiB, echo."""
        return {"count": _count, "bytes": _bytes, "cpus": _cpus}.get(self.kind, str)(value)

    def say(self, value: Any) -> str:
        """The value among other words: 500 clients; empty for what has no words."""
        return self.says(value) if self.says else self.write(value)

    def describe(self, value: Any) -> str:
        """The value as a phrase of its own: 16 KiB messages."""
        return self.describes(value) if self.describes else self.say(value)

    def in_file_name(self, value: Any) -> str:
        """The value as a part of a file name, without blanks."""
        return self.files(value) if self.files else self.say(value).replace(" ", "")

    def several(self, values: Sequence[Any], between: str = ", ") -> str:
        """Several values in a line: 1, 500 clients; receive size 1 KiB, 8 KiB."""
        written, last = [self.write(value) for value in values], self.say(values[-1])
        if last.startswith(written[-1]):
            return between.join([*written[:-1], last])
        return f"{self.title} {between.join(written)}"

    def number(self, value: Any) -> float:
        """Where the value stands on a chart's axis: CPUs by how many they are."""
        return float(len(value.split()) if self.kind == "cpus" else value)

    def place(self, value: Any) -> Any:
        """What values are sorted by, the least first."""
        return (self.number(value), value) if self.kind == "cpus" else value

    def first(self, values: Iterable[Any], usual: Any) -> Any:
        """Of the values that a group compares, the one that others are held against: the usual, or the least."""
        return min(values, key=lambda value: (value != usual, self.place(value)))

    @property
    def option(self) -> str:
        return "--" + self.key.replace("_", "-")

    @property
    def compares(self) -> bool:
        """Whether a group may be compared along it: each value has servers of its own, alive beside the others."""
        return set(self.sides) <= {"command", "place"}


def _count(value: Any) -> str:
    return f"{int(value):,}"


def _bytes(value: Any) -> str:
    """A number of bytes: 64 B, 16 KiB; exactly, as servers are told apart by it."""
    for unit, scale in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= scale and value % scale == 0:
            return f"{_count(value / scale)} {unit}"
    return f"{_count(value)} B"


def _cpus(value: Any) -> str:
    """How many these are: 1 CPU, 2 CPUs."""
    count = len(value.split())
    return f"{count} {'CPU' if count == 1 else 'CPUs'}"


def _clients(value: Any) -> str:
    return f"{_count(value)} {'client' if value == 1 else 'clients'}"


def _life(value: Any) -> str:
    """How long a connection lives."""
    special = {0: "persistent connections", 1: "a connection per request"}
    return special.get(int(value)) or f"{value} requests per connection"


def _rate(value: Any) -> str:
    if not value:
        return ""
    return f"at {value} of its capacity" if str(value).endswith("%") else f"at {value} requests/s"


# A message names its client in 8 characters, one more tells two successive requests apart, and CRLF ends it.
SMALLEST_MESSAGE = 11
LARGEST_MESSAGE = 64 * 2**20

ALONG = "along"  # in files: the axis that a group compares along, empty for most

_AXES = (
    Axis(
        name="service",
        key="service",
        sides=("command", "exchange"),
        kind="choice",
        is_in_front=True,
        meaning="what the servers do: echo, greet or log (servers/README.md)",
        usual="echo",
        choices=get_args(Service),
        required=True,
        said="always",
        commands=("bench", "gate", "check"),
        metavar="NAMES",
        help=f"what the servers do: {', '.join(get_args(Service))}",
        describes=lambda value: f"service {value}",
    ),
    Axis(
        name="clients",
        key="clients",
        sides=("load",),
        kind="count",
        is_in_front=True,
        meaning="concurrent clients, each with a connection to every server",
        low=1,
        high=1_000_000,
        required=True,
        said="always",
        commands=("bench", "gate"),
        metavar="N,...",
        help="numbers of concurrent clients, in place of the profile's",
        says=_clients,
        stem="clients",
        title="number of clients",
    ),
    Axis(
        name="message_size",
        key="sizes",
        sides=("exchange",),
        kind="bytes",
        is_in_front=True,
        meaning="a message, with the CRLF at its end",
        unit="bytes",
        usual=64,
        low=SMALLEST_MESSAGE,
        high=LARGEST_MESSAGE,
        bounds=f"a message takes {SMALLEST_MESSAGE} bytes (its client's name, a turn and CRLF) to 64MiB",
        said="always",
        commands=("bench", "gate"),
        metavar="SIZE,...",
        help="message sizes such as 64 or 16KiB, in place of the profile's",
        describes=lambda value: f"{_bytes(value)} messages",
        stem="size",
        title="message size",
    ),
    Axis(
        name="requests_per_connection",
        key="requests_per_connection",
        sides=("exchange",),
        kind="count",
        is_in_front=True,
        meaning="requests after which a client leaves and connects anew; empty: it stays",
        usual=0,
        unlimited=0,
        high=1_000_000,
        said="in full",
        says=_life,
        files=lambda value: f"{value}-per-connection" if value else "persistent",
    ),
    Axis(
        name="load",
        key="load",
        sides=("load",),
        kind="choice",
        meaning="closed: a client sends when it is answered; open: at a rate, whatever the server does; knee: the "
        "highest rate whose p99 stays under the limit is searched for",
        usual="closed",
        choices=get_args(Load),
        single=True,
        said="in full",
        commands=("bench",),
        metavar="KIND",
        help="closed (each client sends when it is answered), open (at a rate, whatever the server does) or knee "
        "(search the highest rate whose p99 stays under bench.toml's limit), in place of the profile's",
        says=lambda value: "" if value == "closed" else f"{value} load",
        describes=lambda value: {
            "closed": "one request in flight per client",
            "open": "requests at a rate of their own",
            "knee": "requests at a rate of their own",
        }.get(value, f"{value} load"),
    ),
    Axis(
        name="rate",
        key="rate",
        sides=("load",),
        kind="rate",
        meaning="of an open load, as it was asked for: requests per second, or a share of the closed loop's",
        usual="",
        unlimited="",
        commands=("bench",),
        metavar="RATE,...",
        help="with --load open: requests per second, or such as 50%% of what the closed loop achieves in this run",
        says=_rate,
        describes=lambda value: "",  # a chart of rates has them on its axis
        title="a rate of",
    ),
    Axis(
        name="recv_size",
        key="recv_sizes",
        sides=("command",),
        kind="bytes",
        meaning="bytes that a server asks of the kernel at a time",
        unit="bytes",
        since=2,
        setting="servers.recv_size",
        low=1,
        high=2**24,
        bounds="a read takes 1 byte to 16MiB",
        commands=("bench", "gate"),
        metavar="SIZE,...",
        help="bytes that the servers ask of the kernel at a time, such as 1KiB,64KiB (default: bench.toml's)",
        says=lambda value: f"reads of {_bytes(value)}",
        files=lambda value: f"recv-{_bytes(value)}".replace(" ", ""),
        stem="recv_size",
        title="receive size",
    ),
    Axis(
        name="server_cpus",
        key="cpus",
        sides=("place",),
        kind="cpus",
        meaning="the CPUs that the servers run on",
        setting="servers.cpus",
        low=1,
        high=1024,
        commands=("bench", "gate"),
        metavar="N,...",
        help="numbers of CPUs that the servers run on, the last ones of this machine (default: bench.toml's)",
        describes=lambda value: f"servers on {_cpus(value)}",
        files=lambda value: "cpus-" + str(value).replace(" ", "-"),
        stem="cpus",
        title="number of CPUs",
    ),
)

AXES: Mapping[str, Axis] = {axis.name: axis for axis in _AXES}
BY_KEY: Mapping[str, Axis] = {axis.key: axis for axis in _AXES}

# What a service leaves no choice of: both close after one request, and the greeting is what it is.
GREETING_SIZE = len(b"Thank you for connecting\r\n")
OF_SERVICE: Mapping[str, Mapping[str, Any]] = {
    "greet": {"message_size": GREETING_SIZE, "requests_per_connection": 1},
    "log": {"requests_per_connection": 1},
}


def connections_stay(values: Mapping[str, Any]) -> bool:
    """Whether a client keeps its connection for all of its requests."""
    return not values["requests_per_connection"]


def comparable() -> list[Axis]:
    """The axes that a group may be compared along."""
    return [axis for axis in AXES.values() if axis.compares]


def on(side: Side) -> Iterator[Axis]:
    """The axes that concern a side."""
    return (axis for axis in AXES.values() if side in axis.sides)


def title(values: Mapping[str, Any], usual: Mapping[str, Any], *, in_full: bool = False) -> str:
    """A group in a line: echo, 100 clients, 64 B. Of the axis that it compares along, `values` has all values."""
    text = ""
    for axis, value in _said(values, usual, in_full):
        said = axis.several(value, " | ") if isinstance(value, tuple) else axis.say(value)
        if said:
            text += (" " if axis.kind == "rate" else ", ") + said
    return text.removeprefix(", ")


def description(values: Any, usual: Mapping[str, Any], but: Collection[str] = ()) -> str:
    """A point under a chart's title: service echo · 64 B messages ..., without some of the axes."""
    parts = [axis.describe(value) for axis, value in _said(values, usual, in_full=True) if axis.name not in but]
    return " · ".join(filter(None, parts))


def _said(values: Mapping[str, Any], usual: Mapping[str, Any], in_full: bool) -> Iterator[tuple[Axis, Any]]:
    for axis in AXES.values():
        value = values[axis.name]
        if axis.said == "always" or (in_full and axis.said == "in full") or value != usual[axis.name]:
            yield axis, value


def recorded(values: Mapping[str, Any]) -> dict[str, Any]:
    """A point as files have it: what is without a limit is null, the values of an axis along are a list."""
    return {
        name: list(value) if isinstance(value, tuple) else None if value == AXES[name].unlimited else value
        for name, value in values.items()
    }


def as_record(usual: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The axes as run.json has them: what a reader needs who doesn't know this list."""
    return [
        {"name": axis.name, "kind": axis.kind, "unit": axis.unit, "usual": usual[axis.name], "sides": list(axis.sides)}
        for axis in AXES.values()
    ]
