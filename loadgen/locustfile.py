"""Locust's own command line, with our clients and services, against a server that someone started by hand.

    python -m servers.readiness.epoll_loop --service echo --port 9000
    locust -f loadgen/locustfile.py --host tcp://127.0.0.1:9000
    locust -f loadgen/locustfile.py --host tcp://127.0.0.1:9000 --headless -u 100 -r 100 -t 10s --html out.html

Locust's page, tables and files, workers and shapes (ramp.py) are as they are; the clients are those of a benchmark: a
closed loop each, every reply compared byte for byte. It is a look at one server, and no measurement of several:
docs/locust.md says what its figures leave out.

A target that isn't this machine is refused, but for a process that was started with --allow-remote. The page and the
master listen on 127.0.0.1, unless --web-host and --master-bind-host say something else.
"""

import contextlib
import logging
import resource
import socket
import sys
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # wherever Locust is started

import gevent
from locust import events
from locust.env import Environment
from locust.runners import WorkerRunner

from loadgen import compiled_loop, tally
from loadgen.exchanges import EXCHANGES
from loadgen.live import LiveFlood
from loadgen.places import Places
from loadgen.python_loop import PythonLoop
from loadgen.source import raise_unless_permitted
from loadgen.target import TRANSPORTS, Target
from loadgen.virtual_client import VirtualClient

SMALLEST, LARGEST = 11, 64 * 2**20  # bytes of a message
TIMEOUT_S = 5.0
SLICE_S, SLICE_OF_A_CLIENT_S = 0.05, 20e-6  # between two looks at who is there; of many clients it takes time

logger = logging.getLogger("locust.concurrency-bench")  # it goes where Locust's own goes


class Refused(Exception):
    """What can't be the target, in one line."""


class Aim(NamedTuple):
    """What Locust is told to load, and how."""

    target: Target
    service: str
    size: int  # bytes of a message

    @property
    def name(self) -> str:
        return self.service if EXCHANGES[self.service].connecting_asks else f"{self.service}, {self.size} B"


class Clients(Places):
    """Those of this process, whose bytes flow as long as there are any."""

    environment: Environment
    allow_remote = False  # by this process's own command line: neither the page nor a master can say it
    _flowing: gevent.Greenlet | None = None

    def join(self, worker: int) -> int:
        name = super().join(worker)
        if not self._flowing:
            self._flowing = gevent.spawn(self._flow)
        return name

    def _flow(self) -> None:
        while self.names:
            asked = self._asked
            try:
                aim = aim_of(self.environment, self.allow_remote)
            except Refused as why:
                self._fail(str(why))
                continue
            flood = opened(aim)
            with contextlib.closing(flood):
                while self.names and asked == self._asked:
                    self._flow_on(flood, aim.name)

    @property
    def _asked(self) -> tuple[object, ...]:
        """What the target comes from: the page may change it at any time."""
        options: Any = self.environment.parsed_options
        return self.environment.host, options.service, options.size

    def _flow_on(self, flood: LiveFlood, name: str) -> None:
        """For a moment, with those who are there now."""
        flood.seat(self.names.keys())
        try:
            log = flood.flow(SLICE_S + SLICE_OF_A_CLIENT_S * len(self), gevent.idle)
        except OSError as error:  # ours, such as too few descriptors: the server is not to blame, the figures are wrong
            log = flood.log
            logger.error("the load generator itself: %s", error)
            tally.tell_failure(self.environment.stats, name, f"load generator: {error.strerror}")
        tally.tell(self.environment.stats, name, log, flood.exchange.reply_size)
        gevent.idle()

    def _fail(self, why: str) -> None:
        """Each client's request, once a second."""
        logger.error(why)
        for _ in self.names:
            tally.tell_failure(self.environment.stats, "no target", why)
        gevent.sleep(1)


clients = Clients()


class Client(VirtualClient):
    places = clients


def aim_of(environment: Environment, allow_remote: bool) -> Aim:
    """What is to be loaded. Raises Refused where that is nothing that may be."""
    told = environment.host or ""
    options: Any = environment.parsed_options
    try:
        url = urlsplit(told)
        if url.scheme != "tcp" or not url.hostname or not url.port:
            raise ValueError("write tcp://ADDRESS:PORT, such as tcp://127.0.0.1:9000")
        address = str(socket.getaddrinfo(url.hostname, url.port, type=socket.SOCK_STREAM)[0][4][0])
        target = Target(TRANSPORTS["tcp"], address, url.port)
        raise_unless_permitted(target, allow_remote)
    except (ValueError, OSError) as why:
        raise Refused(f"--host {told or '(none)'}: {why}") from None
    if not SMALLEST <= options.size <= LARGEST:
        raise Refused(f"--size {options.size}: a message takes {SMALLEST} bytes to {LARGEST >> 20} MiB")
    if options.service not in EXCHANGES:  # the page can say anything
        raise Refused(f"--service {options.service}: there are {', '.join(EXCHANGES)}")
    return Aim(target, options.service, options.size)


def opened(aim: Aim) -> LiveFlood:
    """A flood without clients yet."""
    why_not = compiled_loop.why_not()
    if why_not:
        logger.warning("the hot loop is Python's: %s", why_not)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    exchange = EXCHANGES[aim.service](aim.size)
    hot_loop = PythonLoop if why_not else compiled_loop.CompiledLoop
    return LiveFlood(aim.target, exchange, hot_loop, TIMEOUT_S)


@events.init_command_line_parser.add_listener
def add_options(parser: Any, **_: Any) -> None:
    """Beside Locust's own."""
    parser.add_argument("--service", choices=list(EXCHANGES), default="echo", help="what the server does with bytes")
    parser.add_argument("--size", type=int, default=64, metavar="BYTES", help="of a message (default: 64)")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        include_in_web_ui=False,
        help="permit targets that are not this machine; each process that has clients must be told",
    )
    parser.set_defaults(web_host="127.0.0.1", master_bind_host="127.0.0.1")


@events.init.add_listener
def begin(environment: Environment, runner: Any, **_: Any) -> None:
    """Before anything is loaded: a host on the command line that is no target ends it with exit code 2."""
    options: Any = environment.parsed_options
    clients.environment, clients.allow_remote = environment, options.allow_remote
    if isinstance(runner, WorkerRunner) or not (environment.host or options.headless):
        return  # the master or the page will say it
    try:
        aim_of(environment, options.allow_remote)
    except Refused as why:
        print(f"locustfile.py: {why}", file=sys.stderr)
        sys.exit(2)


@events.quitting.add_listener
def end(environment: Environment, **_: Any) -> None:
    """What Locust's closing tables have no digits for."""
    if not isinstance(environment.runner, WorkerRunner) and environment.stats.total.response_times:
        logger.info(tally.summary(environment.stats))
