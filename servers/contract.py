"""The contract of servers/README.md for servers written in Python: what is left for a strategy is its mechanism.

A strategy's file ends in `run(serve, __doc__)`, where `serve(listener, options)` serves until killed. Which transports
it offers besides TCP stands there too.
"""

import argparse
import contextlib
import errno
import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Literal, NoReturn

from servers.handlers import KINDS, LONGEST_US, MOST_ITERATIONS, OFS, Handler, handled
from servers.listening import AT_PATHS, TRANSPORTS, Transport, at_path, at_port, fault_of, remedy_at_port, remove_path
from servers.services import SERVICES, Conversation

CRASHED, CANNOT_START = 1, 3  # exit codes
# What asks a server by hand, where telnet doesn't.
CLIENTS = {
    "http": "curl http://127.0.0.1:9000/64",
    "xmlrpc": 'python -c \'from xmlrpc.client import *; print(ServerProxy("http://127.0.0.1:9000").echo("hello"))\'',
}

# No descriptor or no memory left for one more connection.
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# select can't watch descriptors from this one on. Fixed when the C library was compiled; Python doesn't tell it.
FD_SETSIZE = 1024
# That connection came to nothing; the next may be sound.
ABORTED = {errno.ECONNABORTED, errno.EPROTO, errno.EPERM}


@dataclass(frozen=True)
class Options:
    """The command line: where to listen, what to serve."""

    service: type[Conversation]  # called once per client
    host: str
    port: int
    backlog: int
    recv_size: int  # bytes asked of the kernel at a time
    own: argparse.Namespace = field(default_factory=argparse.Namespace)  # what the strategy itself has added
    handler: Handler = field(default_factory=Handler)  # of each message
    transport: Transport = "tcp"
    path: str = ""  # of the Unix transports, which have no host and no port


class Parser(argparse.ArgumentParser):
    """A command line whose faults are told in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


Serve = Callable[[socket.socket, Options], None]
AddOptions = Callable[[Parser], None]
# How a strategy waits without holding up its other clients: a call that sleeps, or in a way of its own.
Waits = Callable[[float], object] | Literal["its own way"] | None


def run(
    serve: Serve,
    about: str | None,
    add_options: AddOptions | None = None,
    says_ready: bool = False,
    waits: Waits = None,
    offloads: bool = False,
    service: str = "",
    datagrams: Serve | None = None,
    unix: bool = False,
    lacks: Mapping[Transport, str] | None = None,
) -> None:
    """Read the options, listen, say READY, serve. Ends with exit code 0 (stopped), 2 or 3.

    A strategy with options of its own adds them to the command line by `add_options`. One that may still fail
    when it listens, such as at starting workers, `says_ready` by itself: it calls `ready`. The service carries
    handlers out; but one that waits in its own way, or `offloads` them, does so as `options.handler` says.
    A strategy that can serves at `unix` sockets as at TCP's, and `datagrams` by a function of its own; which of these
    transports it `lacks` all the same, it says with the reason. One whose library speaks a protocol has that
    `service` alone, and no conversation.
    """
    options = parse(about, add_options, waits, offloads, service)
    offered = {"tcp": serve, "unix": serve if unix else None, "udp": datagrams, "unix-datagram": datagrams}
    chosen = offered[options.transport]
    if reason := (lacks or {}).get(options.transport):
        cannot_start(f"does not offer --transport {options.transport}: {reason}")
    if chosen is None:
        cannot_start(f"does not offer --transport {options.transport}")
    listener = listen(options)
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, _leave)
    if not says_ready:
        ready(listener)
    chosen(listener, options)


def ready(listener: socket.socket) -> None:
    where = listener.getsockname()
    print("READY", where if isinstance(where, str) else "{}:{}".format(*where), flush=True)


def parse(
    about: str | None,
    add_options: AddOptions | None = None,
    waits: Waits = None,
    offloads: bool = False,
    service: str = "",
) -> Options:
    usual = service or "echo"
    parser = Parser(
        description=about,
        epilog=f"Example: --service {usual} --port 9000, then from another terminal: "
        f"{CLIENTS.get(usual, 'telnet 127.0.0.1 9000')}. Ctrl-C or SIGTERM stops it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--service",
        choices=[service] if service else SERVICES,
        default=usual,
        help=f"{_about(usual) if service else '; '.join(map(_about, SERVICES))} (default: %(default)s)",
    )
    _add_address(parser)
    parser.add_argument(
        "--backlog",
        type=number(1, 2**31 - 1),
        default=1024,
        help="connections that may wait to be accepted (default: %(default)s)",
    )
    parser.add_argument(
        "--recv-size",
        type=number(1, 2**30),
        default=65536,
        help="bytes to ask of the kernel at a time (default: %(default)s)",
    )
    _add_handler(parser)
    if add_options is not None:
        add_options(parser)
    given = parser.parse_args()
    handler = Handler(given.handler, given.handler_us, given.iterations, given.handler_of)
    if fault := handler.fault(given.service):
        parser.error(fault)
    if fault := fault_of(given):
        parser.error(fault)
    handler.keep_time()
    conversation = _handling(SERVICES.get(given.service, Conversation), handler, waits, offloads)
    host, port, path = given.host or "127.0.0.1", given.port or 0, given.path or ""
    return Options(conversation, host, port, given.backlog, given.recv_size, given, handler, given.transport, path)


def _add_address(parser: Parser) -> None:
    parser.add_argument(
        "--transport",
        choices=TRANSPORTS,
        default="tcp",
        help="what messages travel by: streams of TCP or at a Unix path, or datagrams of UDP or at a Unix path "
        "(default: %(default)s)",
    )
    parser.add_argument("--host", help="IPv4 address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port",
        type=number(0, 65535),
        help="0 lets the kernel choose; the line READY host:port tells (default: 0)",
    )
    parser.add_argument("--path", help="where a Unix transport listens, in place of host and port")


def _add_handler(parser: Parser) -> None:
    parser.add_argument(
        "--handler",
        choices=KINDS,
        default="none",
        help="what is done about each message of echo before its reply: nothing, waiting as the strategy can, a call "
        "that blocks, or a computation (default: %(default)s)",
    )
    parser.add_argument(
        "--handler-us",
        type=number(0, LONGEST_US),
        default=0,
        help="microseconds that it waits or blocks (default: %(default)s)",
    )
    parser.add_argument(
        "--iterations",
        type=number(0, MOST_ITERATIONS),
        default=0,
        help="iterations of a loop that it computes (default: %(default)s)",
    )
    parser.add_argument(
        "--handler-of",
        choices=OFS,
        default="all",
        help="whose messages: those of all, or of the one client named 00000000 (default: %(default)s)",
    )


def _handling(service: type[Conversation], handler: Handler, waits: Waits, offloads: bool) -> type[Conversation]:
    """The service that carries the handler out; as it is where there is none, or the strategy sees to that."""
    if handler.kind == "none" or offloads:
        return service
    if not handler.waits:
        return handled(handler, handler.carry_out)
    if waits is None:
        cannot_start("has no way to wait without blocking; ask it for --handler blocks")
    return service if isinstance(waits, str) else handled(handler, lambda times: waits(times * handler.seconds))


def listen(options: Options, shares: bool = False) -> socket.socket:
    try:
        if options.transport in AT_PATHS:
            return at_path(options.transport, options.path, options.backlog)
        return at_port(options.transport, options.host, options.port, options.backlog, shares)
    except OSError as error:
        where, remedy = options.path, "try another --path"
        if options.transport not in AT_PATHS:
            where, remedy = f"{options.host}:{options.port}", remedy_at_port(error)
        cannot_start(f"cannot listen on {where}: {error.strerror or error}; {remedy}")


def reuseport_listeners(listener: socket.socket, options: Options, count: int) -> list[socket.socket]:
    """So many listeners on one port, that one the first; the kernel divides the connections among them."""
    # Only now: had it been set when the first was bound, that would have shared the port of another server.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    same_port = replace(options, port=listener.getsockname()[1])
    return [listener, *(listen(same_port, shares=True) for _ in range(count - 1))]


@contextlib.contextmanager
def library(name: str, remedy: str = "") -> Iterator[None]:
    """Around the import of a strategy's own library: its absence is a reason to be skipped, not a crash."""
    try:
        yield
    except ImportError as error:
        cannot_start(f"needs {name} ({error}); install it with: {remedy or f'pip install {name}'}")


def cannot_start(reason: str) -> NoReturn:
    print(f"{os.path.basename(sys.argv[0])}: {' '.join(reason.split())}", file=sys.stderr, flush=True)
    raise SystemExit(CANNOT_START)


def counted(option: str, default: int, most: int, what: str) -> AddOptions:
    """The option of a strategy that has so many of something, such as `--workers`."""

    def add_options(parser: Parser) -> None:
        parser.add_argument(option, type=number(1, most), default=default, help=f"{what} (default: %(default)s)")

    return add_options


class Complaint:
    """Says on stderr that something went wrong the 1st, 2nd, 4th, 8th ... time: chatter stays bounded."""

    def __init__(self) -> None:
        self._times = 0

    def __call__(self, what: object) -> None:
        self._times += 1
        if self._times & (self._times - 1) == 0:
            print(f"{what} ({self._times} so far)", file=sys.stderr, flush=True)


class Door:
    """accept() for loops of our own: neither clients nor a full descriptor table end it or make it spin."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._spare: int | None = os.open(os.devnull, os.O_RDONLY)
        self._complain = Complaint()

    def accept(self) -> socket.socket | None:
        """The next connection, or None if there is none to be had now."""
        while True:
            try:
                return self._listener.accept()[0]
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno in EXHAUSTED:
                    self._turn_away(error)
                    return None
                if error.errno not in ABORTED:
                    raise

    def _turn_away(self, error: OSError) -> None:
        """Spend the spare descriptor on closing one connection; if left waiting it would wake us for ever."""
        self._complain(f"connection refused: {error.strerror}")
        try:
            if self._spare is not None:
                os.close(self._spare)
                self._spare = None
            self._listener.accept()[0].close()
            self._spare = os.open(os.devnull, os.O_RDONLY)
        except OSError:
            time.sleep(0.01)  # somebody else took the descriptor: wait rather than spin


class SelectDoor(Door):
    """A door for loops that wait with select: who would get a descriptor that it can't watch is refused."""

    def accept(self) -> socket.socket | None:
        while client := super().accept():
            fd = client.fileno()
            if fd < FD_SETSIZE:
                return client
            client.close()
            self._complain(f"connection refused: descriptor {fd} is past FD_SETSIZE ({FD_SETSIZE})")
        return None


def leave(code: int = 0) -> NoReturn:
    """At once, from whatever is running: no library sees an exception, nothing here outlives the process."""
    remove_path()
    os._exit(code)


def _leave(signum: int, frame: FrameType | None) -> NoReturn:
    leave()


def _about(service: str) -> str:
    """What its file says of a service first."""
    about = importlib.import_module(f"servers.services.{service}").__doc__ or ""
    return about.splitlines()[0].removesuffix(".")


def number(low: int, high: int) -> Callable[[str], int]:
    """A type of option: a whole number within bounds."""

    def integer(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not between {low} and {high}")
        return value

    return integer
