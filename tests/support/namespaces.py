"""Hosts that a test makes: network namespaces on one bridge, which nothing leads out of, removed whatever happens.

    with Network("load", "server") as hosts:
        hosts["server"].run("ip", "address")

Each host has a name, an address, and a clock of its own. Addresses are those of documents (RFC 5737), so that
docs/hosts.md can be followed here word for word. A namespace's name says whose it is: what a killed test has left is
removed before the next network is made, and never anybody else's.
"""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from harness.processes import stat
from tests.support.project import ROOT

FOLDER = Path("/run/netns")
PREFIX = "concurrency-bench-test-"
MOST = 8  # hosts
LONGEST = 10  # letters of a host's name: its interfaces' have 15
LIMIT_S = 20.0  # for a command about the network, and for processes to end
APART_S = 1_000_000  # between the clocks of two hosts

_number = itertools.count()


class NoNetwork(Exception):
    """It can't be had here; the text says why."""


class Place:
    """A network namespace, and the processes that were started in it."""

    def __init__(self, namespace: str, name: str, ahead_s: int) -> None:
        self.namespace, self.name, self.ahead_s = namespace, name, ahead_s
        self.started: list[subprocess.Popen[Any]] = []

    def command(self, *words: object) -> list[str]:
        """What runs these words there, without a shell; the process that is started becomes theirs."""
        launcher = [sys.executable, "-I", str(ROOT / "tests/support/hosted.py")]
        return [*launcher, self.namespace, self.name, str(self.ahead_s), *map(str, words)]

    def start(self, *words: object, **how: Any) -> subprocess.Popen[Any]:
        """A process that ends with the network."""
        self.started.append(subprocess.Popen(self.command(*words), **({"cwd": ROOT} | how)))
        return self.started[-1]

    def run(self, *words: object, within_s: float = LIMIT_S, **how: Any) -> subprocess.CompletedProcess[str]:
        how = {"capture_output": True, "text": True, "cwd": ROOT} | how
        return subprocess.run(self.command(*words), timeout=within_s, **how)

    def make(self) -> None:
        _ip("netns", "add", self.namespace)

    def remove(self) -> None:
        for process in self.started:
            process.kill()
        _remove(self.namespace)
        for process in self.started:
            process.wait(LIMIT_S)
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()


class Host(Place):
    """A place with an address, and a cable to the switch."""

    def __init__(self, namespace: str, name: str, number: int, switch: Place) -> None:
        super().__init__(namespace, name, number * APART_S)
        self.address = f"192.0.2.{number}"
        self._switch, self._port = switch, f"to-{name}"

    def make(self) -> None:
        super().make()
        here, there = self.namespace, self._switch.namespace
        _ip("-n", here, "link", "set", "lo", "up")
        _ip("-n", here, "link", "add", "eth0", "type", "veth", "peer", "name", self._port, "netns", there)
        _ip("-n", here, "address", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", here, "link", "set", "eth0", "up")
        _ip("-n", there, "link", "set", self._port, "master", "bridge", "up")

    def cut_off(self) -> None:
        """Its cable is pulled: nobody is told of it, and nothing arrives."""
        _ip("-n", self._switch.namespace, "link", "set", self._port, "down")

    def restore(self) -> None:
        _ip("-n", self._switch.namespace, "link", "set", self._port, "up")

    def move_away(self, delay_s: float, loss: float = 0.0) -> None:
        """What it sends, and what is sent to it, takes so much longer, and a share of it is lost."""
        try:
            for namespace, end in ((self._switch.namespace, self._port), (self.namespace, "eth0")):
                _told("tc", "-n", namespace, "qdisc", "add", "dev", end, "root", "netem",
                      "delay", f"{delay_s * 1e6:.0f}us", "loss", f"{loss:%}")  # fmt: skip
        except NoNetwork:  # not every kernel has netem
            self._lengthen(delay_s, loss)

    def _lengthen(self, delay_s: float, loss: float) -> None:
        """A program carries frames from its port to the bridge, which the port has left."""
        switch, near, far = self._switch, f"near-{self.name}", f"far-{self.name}"
        program = [sys.executable, "-I", ROOT / "tests/support/cable.py", self._port, near, delay_s, loss]
        _ip("-n", switch.namespace, "link", "add", near, "type", "veth", "peer", "name", far)
        _ip("-n", switch.namespace, "link", "set", near, "up")
        cable = switch.start(*program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert cable.stdout is not None
        if cable.stdout.readline() != "READY\n":
            raise NoNetwork(f"cable.py ended with {cable.wait(LIMIT_S)}")
        _ip("-n", switch.namespace, "link", "set", self._port, "nomaster")
        _ip("-n", switch.namespace, "link", "set", far, "master", "bridge", "up")


class Network:
    """Hosts by name, numbered from 1; use it as a context manager. Raises NoNetwork where there can't be one."""

    def __init__(self, *names: str) -> None:
        assert 0 < len(names) <= MOST
        assert all(name.isalnum() and len(name) <= LONGEST for name in names)
        own = f"{owned(os.getpid())}{next(_number)}-"
        self.switch = Place(f"{own}switch", "switch", 0)
        self._hosts = {name: Host(f"{own}{name}", name, n, self.switch) for n, name in enumerate(names, start=1)}

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def __enter__(self) -> "Network":
        if reason := _lacking():
            raise NoNetwork(reason)
        sweep()
        try:
            self.switch.make()
            _ip("-n", self.switch.namespace, "link", "add", "bridge", "type", "bridge")
            _ip("-n", self.switch.namespace, "link", "set", "bridge", "up")
            for host in self._hosts.values():
                host.make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as each:
            for place in (self.switch, *self._hosts.values()):
                each.callback(place.remove)


def sweep() -> None:
    """Remove what tests have left that live no more."""
    for namespace in namespaces():
        pid = namespace.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not namespace.startswith(owned(int(pid))):
            _remove(namespace)


def namespaces() -> list[str]:
    """All those of tests, of whichever process."""
    return sorted(path.name for path in FOLDER.glob(f"{PREFIX}*")) if FOLDER.is_dir() else []


def owned(pid: int) -> str:
    """What the names of a living process's namespaces begin with: an id is used again, with another birth."""
    try:
        born = stat.fields(pid)[stat.BORN].decode()
    except OSError:
        born = "never"
    return f"{PREFIX}{pid}-{born}-"


def has_clocks() -> bool:
    """Whether processes can have monotonic clocks of their own here."""
    return not os.geteuid() and [int(part) for part in os.uname().release.split(".")[:2]] >= [6, 1]


def _lacking() -> str:
    """Why there can be no network, as far as that can be told beforehand."""
    if os.geteuid():
        return "not root"
    return "" if shutil.which("ip") else "no command ip (package iproute2)"


def _remove(namespace: str) -> None:
    """With the processes in it, without which it would live on. Nothing of one that another sweep removes."""
    deadline = time.monotonic() + LIMIT_S
    with contextlib.suppress(NoNetwork):
        while pids := _told("ip", "netns", "pids", namespace).split():
            assert time.monotonic() < deadline, f"still in {namespace}: {pids}"
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            threading.Event().wait(0.01)
        _ip("netns", "delete", namespace)


def _ip(*words: str) -> None:
    _told("ip", *words)


def _told(*words: str) -> str:
    """What a command says. Raises NoNetwork where it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise NoNetwork(f"no command {words[0]}") from None
    if done.returncode:
        raise NoNetwork(f"{' '.join(words)}: {' '.join(done.stderr.split())}")
    return done.stdout
