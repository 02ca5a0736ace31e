"""One server process: start it, wait until it is ready, watch it, stop it, leave nothing of it.

The contract it follows is servers/README.md; nothing here knows what language it is written in.
"""

import contextlib
import ipaddress
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.config import Strategy
from harness.processes import freezing, session

CANNOT_START = 3  # the exit code for a missing library or a port that is taken
POLL_S = 0.005
LATELY = 256  # servers: far more than start at once
_given: deque[int] = deque(maxlen=LATELY)  # ports
_giving = threading.Lock()


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

    @property
    def problems(self) -> list[str]:
        """Where it broke the contract, a line each."""
        found = []
        if self.killed:
            found.append("ignored SIGTERM and was killed")
        elif self.exit_code not in (0, -signal.SIGTERM):  # foreign programs just die of it
            asked = f"ended with {self.exit_code} when asked to stop, not with 0"
            found.append(asked if self.was_asked else f"{_how(self.exit_code)} before it was asked to stop")
        if self.leftovers:
            found.append(f"left {self.leftovers} process{'es' * (self.leftovers > 1)} behind, which were killed")
        if self.left:
            found.append(f"can't be killed: {self.left} process{'es' * (self.left > 1)} of it stay")
        return found


class Server:
    def __init__(
        self, key: str, process: subprocess.Popen[bytes], strategy: Strategy, host: str, port: int, logs: Path
    ) -> None:
        self.key = key  # what tells it from all others that are alive; its files and the loader's target are called so
        self.strategy = strategy
        self.host = host
        self.port = port  # 0 until READY tells
        self.pid = process.pid
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
    ) -> "Server":
        """Start the command in a session of its own, its output going to files in `logs`.

        `settings` fill its placeholders, beside where it listens: {"service": "echo"}. Raises
        ServerFailed where the program itself can't be started.
        """
        port = _free_port(host) if strategy.ready == "connect" else 0
        options = {"host": host, "port": port, "backlog": backlog, **settings}
        fills = options | {
            "python": shlex.quote(strategy.python),
            "options": " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items()),
        }
        command = shlex.split(strategy.command.format_map(fills))
        logs.mkdir(parents=True, exist_ok=True)
        stdout, stderr = _files(logs, key)
        with open(stdout, "wb") as out, open(stderr, "wb") as err, running_on(cpus):
            try:
                process = subprocess.Popen(
                    command,
                    cwd=strategy.cwd,
                    env=os.environ | strategy.env,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except OSError as error:
                raise ServerFailed(f"cannot run {command[0]}: {error.strerror}", skipped=True) from None
        return cls(key, process, strategy, host, port, logs)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once it is ready."""
        return self.host, self.port

    def wait_ready(self, deadline_s: float) -> None:
        """Return when the server listens; raises ServerFailed if it ends first or takes longer."""
        deadline = time.monotonic() + deadline_s
        while not (self._answers() if self.strategy.ready == "connect" else self._said_ready()):
            self.raise_if_dead()
            if time.monotonic() > deadline:
                raise ServerFailed(f"not ready within {deadline_s:g} s")
            time.sleep(POLL_S)

    def raise_if_dead(self) -> None:
        """Raises ServerFailed with the reason, if the process has ended."""
        code = self._process.poll()
        if code is None:
            return
        last = self._last_words()
        if code == CANNOT_START:
            raise ServerFailed(last or "cannot start here, and said no more", skipped=True)
        how = _how(code)
        raise ServerFailed(f"{how}: {last}" if last else how)

    def ask_to_stop(self) -> None:
        """SIGTERM, after it was thawed: one that stands still would not hear it."""
        if self._process.poll() is None:
            self._was_asked = True
            freezing.thaw(self.pid)
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
                self._process.wait(session.KILL_LIMIT_S)
        leftovers = session.kill(self.pid)
        left = len(session.members(self.pid))
        return Ended(self._process.returncode or 0, killed, leftovers - left, self._was_asked, left)

    def _said_ready(self) -> bool:
        with open(self._stdout, "rb") as out:
            line = out.readline(256)
        if not line.endswith(b"\n"):
            return False
        words = line.decode(errors="replace").split()
        host, _, port = words[-1].rpartition(":") if words else ("", "", "")
        if len(words) != 2 or words[0] != "READY" or not port.isdigit():
            raise ServerFailed(f"its first line is {line!r}, not READY host:port")
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


@contextlib.contextmanager
def running_on(cpus: Collection[int] | None) -> Iterator[None]:
    """A child inherits the affinity of the thread that starts it: ours, for the time of the start."""
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


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
