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
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import axes
from harness.config import Strategy
from harness.processes import census, freezing, owner, session, sockets
from harness.processes.affinity import running_on
from harness.processes.census import Census, Process
from harness.processes.owner import Owner
from harness.processes.subreaper import keep_orphans

CANNOT_START = 3  # the exit code for a missing library or a port that is taken
POLL_S = 0.005
SAY_IT_FIRST = 'let it say that first, or declare ready = "connect" in the bench file'
LATELY = 256  # servers: far more than start at once
_given: deque[int] = deque(maxlen=LATELY)  # ports
_giving = threading.Lock()
_numbers = itertools.count()  # of marks
FAREWELL_S = 0.3
LISTENS_SOON_S = 1.0  # one that says READY a moment too early isn't refused for it


class ServerFailed(Exception):
    """The server is not there. `skipped`: it said itself that it cannot start here."""

    def __init__(self, reason: str, skipped: bool = False) -> None:
        super().__init__(reason)
        self.skipped = skipped


@dataclass(frozen=True)
class Ended:
    exit_code: int
    killed: bool  # it ignored SIGTERM
    leftovers: int  # processes of its session that outlived it and were killed
    was_asked: bool = True  # or it had ended before
    left: int = 0  # processes that even SIGKILL didn't end
    strays: int = 0  # processes that had left its session, outlived it and were killed
    left_alone: str = ""  # why processes that listen outlived the one that heard SIGTERM

    @property
    def problems(self) -> list[str]:
        """Where it broke the contract, a line each."""
        found = []
        if self.killed:
            found.append("ignored SIGTERM and was killed")
        elif self.exit_code not in (0, -signal.SIGTERM):  # foreign programs just die of it
            asked = f"ended with {self.exit_code} when asked to stop, not with 0"
            found.append(asked if self.was_asked else f"{_how(self.exit_code)} before it was asked to stop")
        if self.left_alone:
            found.append(self.left_alone)
        elif self.leftovers:
            found.append(f"left {self.leftovers} process{'es' * (self.leftovers > 1)} behind, which were killed")
        if self.strays:
            which = "a process" if self.strays == 1 else f"{self.strays} processes"
            found.append(f"left {which} behind, outside of its session, and killed by us")
        if self.left:
            found.append(f"can't be killed: {self.left} process{'es' * (self.left > 1)} of it stay")
        return found


class Server:
    def __init__(
        self,
        key: str,
        process: subprocess.Popen[bytes],
        strategy: Strategy,
        host: str,
        port: int,
        logs: Path,
        *,
        mark: str,
        backlog: int,
        cpus: Collection[int] | None,
        began_s: float,
    ) -> None:
        self.key = key  # what tells it from all others that are alive; its files and the loader's target are called so
        self.strategy = strategy
        self.host = host
        self.port = port  # 0 until READY tells
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

        `settings` fill its placeholders, beside where it listens: {"service": "echo"}. All that comes of it carries
        `mark`, with a number, in its environment. Raises ServerFailed where the program itself can't be started.
        """
        port = _free_port(host) if strategy.ready == "connect" else 0
        options = {"host": host, "port": port, "backlog": backlog, **settings}
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
        return cls(key, process, strategy, host, port, logs, mark=mark, backlog=backlog, cpus=cpus,
                   began_s=began_s)  # fmt: skip

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once it is ready."""
        return self.host, self.port

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
        while not owner.is_served(self.host, self.port) and time.monotonic() < soon:
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
            listening = sockets.serving(sockets.listeners(), self.host, self.port)
            found = [backlogs[one.inode] for one in listening if one.inode in own and one.inode in backlogs]
            return sum(found) if found else None
        return None

    @property
    def _owner(self) -> Owner:
        return Owner(self.pid, self._mark, self.host, self.port, self._cpus)

    def raise_if_dead(self) -> None:
        """Raises ServerFailed with the reason, if the process has ended."""
        code = self._process.poll()
        if code is None:
            return
        last = self._last_words()
        if code == CANNOT_START:
            raise ServerFailed(last or "cannot start here, and said no more", skipped=True)
        how = _how(code)
        strays = self._strays_of_the_dead()
        if strays:
            self._strays |= strays
            how += f", and {owner.in_its_own_session(strays)}"
        raise ServerFailed(f"{how}: {last}" if last else how)

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
        host, _, port = words[-1].rpartition(":") if words else ("", "", "")
        if len(words) != 2 or words[0] != "READY" or not port.isdigit():
            raise ServerFailed(f"its first line is {line!r}, not READY host:port; {SAY_IT_FIRST}")
        if _is_elsewhere(host.strip("[]"), self.host):
            raise ServerFailed(f"listens on {host or 'no host'}, not on {self.host}; let it listen on {{host}}")
        self.port = int(port)
        return True

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False

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


def _how(code: int) -> str:
    """How a process ended, by its exit code."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"


def _is_elsewhere(said: str, asked: str) -> bool:
    """Whether a server names an address, or all of them, instead of the one that it was given."""
    if said in ("", "*"):
        return True
    try:
        return ipaddress.ip_address(said) != ipaddress.ip_address(asked)
    except ValueError:
        return False  # a name


def _free_port(host: str) -> int:
    """One that was given to none of the last servers: until they listen, the kernel may offer it again."""
    with _giving:
        for _ in range(2 * LATELY):
            with socket.create_server((host, 0)) as probe:
                port: int = probe.getsockname()[1]
            if port not in _given:
                break
        _given.append(port)
        return port
