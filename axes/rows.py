"""The axes, a row each, and which values leave no choice of others."""

from collections.abc import Mapping
from typing import Any, get_args

from axes.axis import (
    Axis,
    Company,
    Handler,
    Load,
    Service,
    Transport,
    in_bytes,
    in_clients,
    in_cpus,
    in_requests_a_second,
    in_time,
    life_of_a_connection,
)

# A message names its client in 8 characters, one more tells two successive requests apart, and CRLF ends it.
SMALLEST_MESSAGE = 11
LARGEST_MESSAGE = 64 * 2**20

_AXES = (
    Axis(
        name="service",
        key="service",
        sides=("command", "exchange"),
        kind="choice",
        is_in_front=True,
        meaning="what the servers do: echo, greet, log, http or xmlrpc (servers/README.md)",
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
        says=in_clients,
        stem="clients",
        title="number of clients",
    ),
    Axis(
        name="message_size",
        key="sizes",
        sides=("exchange",),
        kind="bytes",
        is_in_front=True,
        meaning="a message, with the CRLF at its end; of http the body of a reply, of xmlrpc the string",
        unit="bytes",
        usual=64,
        low=SMALLEST_MESSAGE,
        high=LARGEST_MESSAGE,
        bounds=f"a message takes {SMALLEST_MESSAGE} bytes (its client's name, a turn and CRLF) to 64MiB",
        said="always",
        commands=("bench", "gate"),
        metavar="SIZE,...",
        help="message sizes such as 64 or 16KiB, in place of the profile's",
        describes=lambda value: f"{in_bytes(value)} messages",
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
        says=life_of_a_connection,
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
        says=in_requests_a_second,
        continues=True,
        describes=lambda value: "",  # a chart of rates has them on its axis
        title="a rate of",
    ),
    Axis(
        name="recv_size",
        key="recv_sizes",
        sides=("command",),
        kind="bytes",
        meaning="bytes that a server asks of the kernel at a time; empty of one that is attached",
        unit="bytes",
        since=2,
        setting="servers.recv_size",
        low=1,
        high=2**24,
        bounds="a read takes 1 byte to 16MiB",
        commands=("bench", "gate"),
        metavar="SIZE,...",
        help="bytes that the servers ask of the kernel at a time, such as 1KiB,64KiB (default: bench.toml's)",
        says=lambda value: f"reads of {in_bytes(value)}",
        files=lambda value: f"recv-{in_bytes(value)}".replace(" ", ""),
        stem="recv_size",
        title="receive size",
    ),
    Axis(
        name="transport",
        key="transports",
        sides=("command",),
        kind="choice",
        meaning="how messages travel: tcp; unix, a Unix socket's stream; udp or unix-datagram, each message a datagram",
        since=4,
        usual="tcp",
        choices=get_args(Transport),
        in_order=True,
        commands=("bench", "gate", "check"),
        metavar="NAMES",
        help=f"how messages travel: {', '.join(get_args(Transport))} (each message a datagram)",
        says=lambda value: f"over {value}",
        files=lambda value: value,
        stem="transport",
        title="transport",
    ),
    Axis(
        name="handler",
        key="handlers",
        sides=("command",),
        kind="choice",
        meaning="what a server does for each message before it answers: none; waits, in the strategy's own way; "
        "blocks, in a call that holds up its thread; computes, in Python",
        since=3,
        usual="none",
        choices=get_args(Handler),
        commands=("bench", "gate"),
        metavar="KINDS",
        help="what the servers do for each message before they answer: none, waits (in the strategy's own way), blocks "
        "(in a call that holds up its thread) or computes (in Python)",
        says=lambda value: "no handler" if value == "none" else f"the handler {value}",
        files=lambda value: "no-handler" if value == "none" else f"handler-{value}",
    ),
    Axis(
        name="handler_us",
        key="handler_times",
        sides=("command",),
        kind="time",
        meaning="how long that takes; of a handler that computes, where the run began and with a CPU of its own",
        unit="us",
        since=3,
        usual=0,
        unlimited=0,
        of="handler",
        low=1,
        high=2_000_000,
        bounds="a handler takes 1us to 2s",
        commands=("bench", "gate"),
        metavar="TIME,...",
        help="how long a handler takes, such as 50us,5ms",
        says=in_time,
        continues=True,
        describes=lambda value: f"{in_time(value)} each",
        stem="handler_time",
        title="handler time",
    ),
    Axis(
        name="handler_of",
        key="handler_of",
        sides=("command", "exchange"),
        kind="choice",
        meaning="whose messages are handled: all clients', or those of one, whose latencies are left out: the others, "
        "who are answered at once, show theirs",
        since=3,
        usual="all",
        choices=("all", "one"),
        of="handler",
        commands=("bench", "gate"),
        metavar="WHOSE",
        help="whose messages are handled: all, or those of one client beside the others, whose latencies are shown",
        says=lambda value: f"for {value} of them",
        continues=True,
        describes=lambda value: f"for {value} client",
    ),
    Axis(
        name="company",
        key="company",
        sides=("company",),
        kind="choice",
        meaning="who else is at each server, and is no part of the figures: none; idle, connections that say nothing; "
        "slow, who ask much and read little; dribble, who send a byte at a time; churn, who come, ask once and leave; "
        "burst, who come all at once; chat, who say something now and then",
        since=5,
        usual="none",
        choices=get_args(Company),
        commands=("bench", "gate"),
        metavar="KINDS",
        help="who else is at each server, beside the clients that are measured: none, idle (connections that say "
        "nothing), slow (readers), dribble (a byte at a time), churn (connects a second), burst (connects at once) or "
        "chat (a message now and then)",
        says=lambda value: BESIDE[value],
        files=lambda value: f"beside-{value}",
    ),
    Axis(
        name="company_size",
        key="company_sizes",
        sides=("company",),
        kind="count",
        meaning="how many these are; of churn in a second; 0: nobody, so that all else is as with company",
        since=5,
        usual=0,
        of="company",
        high=100_000,
        commands=("bench", "gate"),
        metavar="N,...",
        help="how many these are, of churn in a second, such as 0,100,1000: 0 is the neighbour without company",
        says=lambda value: f"{value:,} of them",
        files=lambda value: f"{value}-of-them",
        stem="company_size",
        title="size of the company",
    ),
    Axis(
        name="server_cpus",
        key="cpus",
        sides=("place",),
        kind="cpus",
        meaning="the CPUs that the servers run on; empty of one that is attached",
        setting="servers.cpus",
        low=1,
        high=1024,
        commands=("bench", "gate"),
        metavar="N,...",
        help="numbers of CPUs that the servers run on, the last ones of this machine (default: bench.toml's)",
        describes=lambda value: f"servers on {in_cpus(value)}",
        files=lambda value: "cpus-" + str(value).replace(" ", "-"),
        stem="cpus",
        title="number of CPUs",
    ),
)

# Beside whom clients are measured, as titles say it.
BESIDE: Mapping[Company, str] = {
    "none": "no company",
    "idle": "beside idle connections",
    "slow": "beside slow readers",
    "dribble": "beside dribblers",
    "churn": "beside connects a second",
    "burst": "beside connects at once",
    "chat": "beside chat sessions",
}
STAYING: tuple[Company, ...] = ("idle", "slow", "dribble", "chat")  # each has a connection, and keeps it

AXES: Mapping[str, Axis] = {axis.name: axis for axis in _AXES}
BY_KEY: Mapping[str, Axis] = {axis.key: axis for axis in _AXES}

# What a service leaves no choice of: both close after one request, and the greeting is what it is.
GREETING_SIZE = len(b"Thank you for connecting\r\n")
OF_SERVICE: Mapping[str, Mapping[str, Any]] = {
    "greet": {"message_size": GREETING_SIZE, "requests_per_connection": 1},
    "log": {"requests_per_connection": 1},
}
LOCAL: tuple[Transport, ...] = ("unix", "unix-datagram")  # whose addresses are paths
LARGEST_DATAGRAM = 65_507  # bytes; UDP's, and a Unix socket is held to the same
IN_DATAGRAMS: tuple[Transport, ...] = ("udp", "unix-datagram")  # each message is one: there are no connections
# Of these there is one where messages are datagrams.
OF_STREAMS = (AXES["requests_per_connection"], AXES["handler"], AXES["company"])
ANSWERED: tuple[Service, ...] = ("echo",)  # the others have no message that is answered
BYTES: tuple[Service, ...] = ("echo", "greet", "log")  # what a server of byte streams offers, if it doesn't say so


def connections_stay(values: Mapping[str, Any]) -> bool:
    """Whether a client keeps its connection for all of its requests."""
    return not values["requests_per_connection"]


def ended_after(values: Mapping[str, Any], requests: int) -> bool:
    """Whether a client leaves a connection after so many requests, or earlier."""
    return 0 < values["requests_per_connection"] <= requests


def company_of(values: Mapping[str, Any]) -> tuple[Company, int]:
    """Who else is at a server, and how many; none where that is nobody."""
    kind, size = values["company"], values["company_size"]
    return (kind, size) if size else ("none", 0)
