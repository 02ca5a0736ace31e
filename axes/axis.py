"""What an axis is: how it is named, what it may be, whom it concerns, and how it is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Side = Literal["command", "exchange", "load", "company", "place"]
Kind = Literal["choice", "count", "bytes", "rate", "time", "cpus"]
Service = Literal["echo", "greet", "log", "http", "xmlrpc"]
Load = Literal["closed", "open", "knee"]
Handler = Literal["none", "waits", "blocks", "computes"]
Transport = Literal["tcp", "unix", "udp", "unix-datagram"]
Company = Literal["none", "idle", "slow", "dribble", "churn", "burst", "chat"]
SERVERS: tuple[Side, ...] = ("command", "company", "place")  # what is of these has servers of its own


@dataclass(frozen=True)
class Axis:
    """One dimension of a cell: how it is named, what it may be, whom it concerns, and how it is written."""

    name: str  # in run.json, windows.jsonl, cells.csv; the placeholder of a server's command
    key: str  # of its values in a matrix entry and on the command line
    # command: a server's; exchange: what a client says; load: how many and when; company: who else is there;
    # place: CPUs
    sides: tuple[Side, ...]
    kind: Kind
    meaning: str
    unit: str = ""
    is_in_front: bool = False  # in cells.csv, whose columns stay where they were
    since: int = 1  # version of the results folder that has it first
    usual: Any = None  # what goes without saying
    setting: str = ""  # table.key of bench.toml that holds the usual value instead
    unlimited: Any = None  # the value that files leave empty
    of: str = ""  # the axis that it belongs to: where that is as usual, this one is
    choices: tuple[str, ...] = ()
    in_order: bool = False  # these may be compared, in that order
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
    continues: bool = False  # its words go on where those of the axis before end
    describes: Callable[[Any], str] | None = None  # under a chart's title, where that is longer
    stem: str = ""  # of the file names of charts along it; empty: it has none
    title: str = ""  # throughput by ...
    files: Callable[[Any], str] | None = None  # in a file name, where that is shorter

    def write(self, value: Any) -> str:
        """The value by itself: 500, 16 KiB, echo."""
        return {"count": _count, "bytes": in_bytes, "time": in_time, "cpus": in_cpus}.get(self.kind, str)(value)

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
        if self.kind == "choice":
            return 1.0 + self.choices.index(value)  # in their order, a step each
        return float(len(value.split()) if self.kind == "cpus" else value)

    def place(self, value: Any) -> Any:
        """What values are sorted by, the least first."""
        return (self.number(value), value) if self.kind in ("cpus", "choice") else value

    def first(self, values: Iterable[Any], usual: Any) -> Any:
        """Of the values that a group compares, the one that others are held against: the usual, or the least."""
        return min(values, key=lambda value: (value != usual, self.place(value)))

    @property
    def option(self) -> str:
        return "--" + self.key.replace("_", "-")

    @property
    def compares(self) -> bool:
        """Whether a group may be compared along it: its values have an order, and each has servers of its own."""
        return set(self.sides) <= set(SERVERS) and (self.kind != "choice" or self.in_order)


def _count(value: Any) -> str:
    return f"{int(value):,}"


def in_bytes(value: Any) -> str:
    """A number of bytes: 64 B, 16 KiB; exactly, as servers are told apart by it."""
    for unit, scale in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if value >= scale and value % scale == 0:
            return f"{_count(value / scale)} {unit}"
    return f"{_count(value)} B"


def in_cpus(value: Any) -> str:
    """How many these are: 1 CPU, 2 CPUs."""
    count = len(value.split())
    return f"{count} {'CPU' if count == 1 else 'CPUs'}"


def in_clients(value: Any) -> str:
    return f"{_count(value)} {'client' if value == 1 else 'clients'}"


def life_of_a_connection(value: Any) -> str:
    """How long a connection lives."""
    special = {0: "persistent connections", 1: "a connection per request"}
    return special.get(int(value)) or f"{value} requests per connection"


def in_requests_a_second(value: Any) -> str:
    if not value:
        return ""
    return f"at {value} of its capacity" if str(value).endswith("%") else f"at {value} requests/s"


def in_time(value: Any) -> str:
    """A number of microseconds: 50 µs, 5 ms, 2 s."""
    for unit, scale in (("s", 1_000_000), ("ms", 1_000)):
        if value >= scale:
            return f"{value / scale:g} {unit}"
    return f"{value:g} µs"
