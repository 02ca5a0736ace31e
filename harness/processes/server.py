"""One server process: start it, wait until it is ready, watch it, stop it, leave nothing of it.

The contract it follows is servers/README.md; nothing here knows what language it is written in.
"""

import contextlib
import ipaddress
import itertools
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import axes
from harness.config import Strategy
from harness.processes import census, freezing, owner, ports, session, sockets
from harness.processes.affinity import running_on
from harness.processes.census import Census, Process
from harness.processes.ended import Ended, how
from harness.processes.endpoint import Endpoint, fresh_path, remove
from harness.processes.owner import Owner
from harness.processes.subreaper import keep_orphans

CANNOT_START = 3  # the exit code for a missing library or a port that is taken
POLL_S = 0.005
SAY_IT_FIRST = 'let it say that first, or declare ready = "connect" in the bench file'
_numbers = itertools.count()  # of marks
FAREWELL_S = 0.3
LISTENS_SOON_S = 1.0  # one that says READY a moment too early isn't refused for it


class ServerFailed(Exception):
    """The server is not there. `skipped`: it said itself that it cannot start here."""

    def __init__(self, reason: str, skipped: bool = False) -> None:
        super().__init__(reason)
        self.skipped = skipped


class Server:
    def __init__(
        self,
        key: str,
        process: subprocess.Popen[bytes],
        strategy: Strategy,
        endpoint: Endpoint,
        logs: Path,
        *,
        mark: str,
        backlog: int,
        cpus: Collection[int] | None,
        began_s: float,
    ) -> None:
        self.key = key  # what tells it from all others that are alive; its files and the loader's target are called so
        self.strategy = strategy
        self.endpoint = endpoint  # its port is 0 until READY tells
        self.pid = process.pid
        self.backlog = backlog  # that it was asked for
        self._mark, self._cpus, self._began_s = mark, cpus, began_s
        self._strays: set[Process] = set()  # that were seen: a parent that dies takes the trace of them with it
        self._leader, self._listening = "", list[int]()  # its first program and who listens, where that is another
        self.crowds: list[tuple[int, Mapping[str, object]]] = []  # how many clients came, and what they exchanged
        self._process = process
        self._was_asked = False  # to stop
        self._stdout, self._stderr = _files(logs, key)

    @classmethod
    def start(
        cls,
        key: str,
        strategy: Strategy,
        settings: Mapping[str, object],
        *,
        logs: Path,
        host: str = "127.0.0.1",
        backlog: int = 1024,
        cpus: Collection[int] | None = None,
        mark: str = "",
    ) -> "Server":
        """Start the command in a session of its own, its output going to files in `logs`.

        `settings` fill its placeholders, beside where it listens: {"service": "echo"}; of a `transport` among them the
        place is one of its own. All that comes of it carries
        `mark`, with a number, in its environment. Raises ServerFailed where the program itself can't be started.
        """
        endpoint = _endpoint(host, str(settings.get("transport", "tcp")), strategy)
        options = {**endpoint.told, "backlog": backlog, **settings}
        fills = options | {
            "python": shlex.quote(strategy.python),
            "options": " ".join(_option(name, value) for name, value in axes.told(options).items()),
        }
        command = shlex.split(strategy.command.format_map(fills))
        logs.mkdir(parents=True, exist_ok=True)
        stdout, stderr = _files(logs, key)
        began_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        mark = f"{mark}.{os.getpid()}.{next(_numbers)}"
        with open(stdout, "wb") as out, open(stderr, "wb") as err, running_on(cpus):
            try:
                process = subprocess.Popen(
                    command,
                    cwd=strategy.cwd,
                    env=os.environ | strategy.env | {census.MARK: mark},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                    preexec_fn=keep_orphans,
                )
            except OSError as error:
                raise ServerFailed(f"cannot run {command[0]}: {error.strerror}", skipped=True) from None
        return cls(key, process, strategy, endpoint, logs, mark=mark, backlog=backlog, cpus=cpus, began_s=began_s)

    @property
    def address(self) -> tuple[str, int] | str:
        """Where clients connect to, once it is ready: host and port, or a path."""
        return self.endpoint.address

    @property
    def printed(self) -> bytes:
        """All that it has written to its stdout."""
        return self._stdout.read_bytes()

    @property
    def cpus(self) -> Collection[int]:
        """Those that it was given; of one that may run anywhere, all that there are for us."""
        return os.sched_getaffinity(0) if self._cpus is None else self._cpus

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self._was_asked

    def wait_ready(self, deadline_s: float) -> None:
        """Return when the server listens; raises ServerFailed if it ends first or takes longer."""
        deadline = time.monotonic() + deadline_s
        by_connecting = self.strategy.ready == "connect"
        while not (self._answers() if by_connecting else self._said_ready()):
            self.raise_if_dead()
            if time.monotonic() > deadline:
                printed = b"" if by_connecting else self.printed
                raise ServerFailed(owner.why_not_ready(self._owner, deadline_s, printed, by_connecting))
            time.sleep(POLL_S)
        soon = time.monotonic() + LISTENS_SOON_S
        while not owner.is_served(self.endpoint) and time.monotonic() < soon:
            time.sleep(POLL_S)

    def fault(self, seen: Census, others: Mapping[int, str]) -> str:
        """Why the processes of its session aren't those that serve, alone; empty if they are.

        `others` are sessions of servers beside it, and what they are called. Raises PermissionError where it can't be
        told.
        """
        self._strays.update(self._owner.strays(seen))
        self._leader, self._listening = self._owner.wrapped(seen)
        return self._owner.fault(seen, others)

    def looks_up_names(self, within_s: float = 1.0) -> bool:
        """Whether it asks a name server, now or soon: for clients' names, as a server has nothing else to ask."""
        deadline = time.monotonic() + within_s
        with contextlib.suppress(PermissionError):
            while time.monotonic() < deadline:
                if sockets.asks_names(sockets.descriptors(session.members(self.pid)).keys()):
                    return True
                time.sleep(POLL_S)
        return False

    def queue(self, backlogs: Mapping[int, int]) -> int | None:
        """How many connections may wait to be accepted, given those of all sockets; None if it can't be told."""
        with contextlib.suppress(PermissionError):
            own = sockets.descriptors(session.members(self.pid))
            listening = sockets.serving(self.endpoint)
            found = [backlogs[one.inode] for one in listening if one.inode in own and one.inode in backlogs]
            return sum(found) if found else None
        return None

    def buffer_drops(self) -> int:
        """Datagrams that the kernel has dropped so far, as its receive buffer was full; it tells that of UDP alone."""
        return sum(one.drops for one in sockets.serving(self.endpoint)) if self.endpoint.transport == "udp" else 0

    @property
    def _owner(self) -> Owner:
        return Owner(self.pid, self._mark, self.endpoint, self._cpus)

    def raise_if_dead(self, *, is_failing: bool = False) -> None:
        """Raises ServerFailed with the reason, if the process has ended.

        One that failed a moment ago may be about to: its connections are closed before its end can be seen.
        """
        try:
            code = self._process.wait(FAREWELL_S if is_failing else 0)
        except subprocess.TimeoutExpired:
            return
        last = self._last_words()
        if code == CANNOT_START:
            raise ServerFailed(last or "cannot start here, and said no more", skipped=True)
        ended = how(code)
        strays = self._strays_of_the_dead()
        if strays:
            self._strays |= strays
            ended += f", and {owner.in_its_own_session(strays)}"
        raise ServerFailed(f"{ended}: {last}" if last else ended)

    def raise_if_gone(self) -> None:
        """The same of one that has failed somebody: perhaps it is just dying."""
        self.raise_if_dead(is_failing=True)

    def _strays_of_the_dead(self) -> set[Process]:
        """What has left its session, or is about to: a daemon's first process ends before the next one leaves."""
        deadline = time.monotonic() + FAREWELL_S
        while True:
            seen = Census(self._began_s)
            strays = self._owner.strays(seen)
            if strays or not seen.members(self.pid) or time.monotonic() > deadline:
                return strays
            time.sleep(POLL_S)

    def ask_to_stop(self) -> None:
        """SIGTERM, after it was thawed: one that stands still would not hear it."""
        if self._process.poll() is None:
            self._was_asked = True
            freezing.thaw(self.pid)
            self._strays.update(self._owner.strays(Census(self._began_s)))
            with contextlib.suppress(PermissionError):  # it has become another user's
                self._process.terminate()

    def stop(self, deadline_s: float = 5.0) -> Ended:
        """SIGTERM, then SIGKILL after the deadline; whatever else its session holds is killed too."""
        self.ask_to_stop()
        killed = False
        try:
            self._process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            killed = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(census.KILL_LIMIT_S)
        alone = set(self._listening) & set(session.members(self.pid)) if self._was_asked and not killed else set()
        left_alone = owner.left_alone(self._leader, alone) if alone else ""
        leftovers = session.kill(self.pid)
        left = len(session.members(self.pid))
        self._wait_for_strays()
        strays = census.kill(self._left_behind, self._began_s)
        if self.endpoint.is_local:
            remove(self.endpoint.host)
        return Ended(self._process.returncode or 0, killed, leftovers - left, self._was_asked, left, strays, left_alone)

    def _wait_for_strays(self) -> None:
        """What the server told to end a moment ago isn't left behind."""
        deadline = time.monotonic() + FAREWELL_S
        while self._left_behind(Census(self._began_s)) and time.monotonic() < deadline:
            time.sleep(POLL_S)

    def _left_behind(self, seen: Census) -> set[Process]:
        return self._owner.strays(seen) | seen.still(self._strays)

    def _said_ready(self) -> bool:
        with open(self._stdout, "rb") as out:
            line = out.readline(256)
        if not line.endswith(b"\n"):
            return False
        words = line.decode(errors="replace").split()
        here = self.endpoint
        if here.is_local:
            if words != ["READY", here.host]:
                raise ServerFailed(f"its first line is {line!r}, not READY {here.host}; {SAY_IT_FIRST}")
            return True
        host, _, port = words[-1].rpartition(":") if words else ("", "", "")
        if len(words) != 2 or words[0] != "READY" or not port.isdigit():
            raise ServerFailed(f"its first line is {line!r}, not READY host:port; {SAY_IT_FIRST}")
        if _is_elsewhere(host.strip("[]"), here.host):
            raise ServerFailed(f"listens on {host or 'no host'}, not on {here.host}; let it listen on {{host}}")
        self.endpoint = replace(here, port=int(port))
        return True

    def _answers(self) -> bool:
        """Whether it can be connected to; where datagrams come nobody connects, and it says nothing of itself."""
        if self.endpoint.in_datagrams:
            return owner.is_served(self.endpoint)
        family = socket.AF_UNIX if self.endpoint.is_local else socket.AF_INET
        with socket.socket(family) as sock:
            sock.settimeout(1)
            return not sock.connect_ex(self.address)

    def _last_words(self) -> str:
        lines = self._stderr.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip()[:200] if lines else ""


def _files(logs: Path, key: str) -> tuple[Path, Path]:
    """Where a server's stdout and stderr go."""
    return logs / f"{key}.out", logs / f"{key}.err"


def _option(name: str, value: object) -> str:
    """As a command has it; what is true is a flag."""
    option = f"--{name.replace('_', '-')}"
    return option if value is True else f"{option} {value}"


def _is_elsewhere(said: str, asked: str) -> bool:
    """Whether a server names an address, or all of them, instead of the one that it was given."""
    if said in ("", "*"):
        return True
    try:
        return ipaddress.ip_address(said) != ipaddress.ip_address(asked)
    except ValueError:
        return False  # a name


def _endpoint(host: str, transport: str, strategy: Strategy) -> Endpoint:
    """Where it is to listen; the port of one that tells it is the kernel's choice."""
    if transport in axes.LOCAL:
        return Endpoint(fresh_path(), transport=transport)
    return Endpoint(host, ports.free(host) if strategy.ready == "connect" else 0, transport)
