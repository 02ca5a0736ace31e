"""Locust in control: users are the virtual clients, messages between its nodes start windows.

With one worker the clients live in this process (Locust's local runner), with more in worker processes under
its master; either way the same messages go to the same listeners.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter_ns as clock
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner, Runner

from loadgen import observation, shares
from loadgen.crowd import Crowd
from loadgen.virtual_client import VirtualClient

ANSWER_LIMIT_S = 60.0
QUIT_LIMIT_S = 5.0
LEAD_NS = 20_000_000  # for a window's start to reach all workers before its instant
IN_ONE_GO = 1000  # users that come or leave
LOOPBACK = "127.0.0.1"


class LoaderError(Exception):
    """The loader can't do what it was told; its text says why."""


class Worker:
    """A node that holds clients: it does what the controller's messages say and answers each."""

    def __init__(self, allow_remote: bool, compiled: bool) -> None:
        self.crowd = crowd = Crowd(allow_remote, compiled)

        class Client(VirtualClient):
            places = crowd

        self.environment = Environment(user_classes=[Client])

    def listen(self, runner: Runner) -> None:
        self._runner = runner
        runner.register_message("command", self._on_command)

    def _on_command(self, environment: Environment, msg: Any) -> None:
        command = msg.data
        try:
            match command["do"]:
                case "open":
                    answer = self.crowd.open(command, _breathe)
                case "prepare":
                    answer = self.crowd.prepare(command, _breathe)
                case "window":
                    answer = self.crowd.window(command, _breathe)
                case "balance":
                    answer = self.crowd.balance(command)
                case "count":
                    answer = {"clients": len(self.crowd)}
                case "close":
                    answer = self.crowd.close()
        except Exception as error:  # a worker that can't must say so, or its controller waits
            logging.exception("%s failed", command["do"])
            answer = {"error": f"{type(error).__name__}: {error}"}
        self._runner.send_message("answer", answer)


class Control:
    """One client population; `open` it on servers, run windows, close."""

    def __init__(self, workers: int, allow_remote: bool, compiled: bool) -> None:
        self._answers: list[dict[str, Any]] = []
        self._news = Event()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._workers = workers
        worker = Worker(allow_remote, compiled)
        self._runner: Runner
        if workers == 1:
            self._runner = worker.environment.create_local_runner()
            worker.listen(self._runner)
        else:
            self._runner = worker.environment.create_master_runner(LOOPBACK, 0)
            self._start_workers(allow_remote, compiled)
        self._runner.register_message("answer", self._on_answer)

    def open(self, command: dict[str, Any]) -> dict[str, Any]:
        """Bring the number of clients to `clients`, then connect each to every target."""
        self._populate(command["clients"])
        if "queue" in command:  # the workers' clients connect beside each other
            command = command | {"queue": max(1, command["queue"] // self._workers)}
        parts = self._ask(command)
        targets = {
            name: {
                "answered": sum(part["targets"][name]["answered"] for part in parts),
                "errors": _added([part["targets"][name]["errors"] for part in parts]),
            }
            for name in command["targets"]
        }
        return {"clients": [part["clients"] for part in parts], "targets": targets}

    def window(self, command: dict[str, Any]) -> dict[str, Any]:
        command = command | {"clients": self._runner.user_count}
        replaced = sum(part["replaced"] for part in self._ask(command | {"do": "prepare"}))
        start_ns = clock() + (LEAD_NS if self._workers > 1 else 0)
        seen = observation.merge(self._ask(command | {"start_ns": start_ns}))
        return seen | {"replaced": seen["replaced"] + replaced}

    def balance(self, command: dict[str, Any]) -> dict[str, Any]:
        return shares.merge(self._ask(command))

    def close(self) -> dict[str, Any]:
        self._ask({"do": "close"})
        return {}

    def quit(self) -> None:
        """End the workers; those that don't in time are killed."""
        try:
            self._runner.quit()
        finally:
            for process in self._processes:
                try:
                    process.wait(QUIT_LIMIT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _on_answer(self, environment: Environment, msg: Any) -> None:
        self._answers.append(msg.data)
        self._news.set()

    def _start_workers(self, allow_remote: bool, compiled: bool) -> None:
        assert isinstance(self._runner, MasterRunner)
        command = [sys.executable, "-m", "loadgen.worker", str(self._runner.server.port)]
        if allow_remote:
            command.append("--allow-remote")
        if compiled:
            command.append("--compiled")
        for _ in range(self._workers):
            self._processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
        self._wait(lambda: len(self._runner.clients.ready) == self._workers, "its workers to connect")  # type: ignore[attr-defined]

    def _populate(self, clients: int) -> None:
        """Have Locust spawn or stop users until there are so many, all of them at their place.

        It does so many of them in one go, in which its hub stands still.
        """
        while (users := self._runner.target_user_count) != clients:
            users = min(users + IN_ONE_GO, clients) if users < clients else max(users - IN_ONE_GO, clients)
            self._runner.start(users, spawn_rate=IN_ONE_GO)
            self._wait(lambda users=users: self._runner.user_count == users, f"{users} users to spawn")  # type: ignore[misc]
        self._wait(
            lambda: sum(part["clients"] for part in self._ask({"do": "count"})) == clients,
            f"{clients} clients to take their place",
        )

    def _ask(self, command: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a command to all workers; their answers, in no particular order."""
        self._answers.clear()
        self._runner.send_message("command", command)
        self._wait(lambda: len(self._answers) == self._workers, f"the answer to {command['do']!r}")
        for answer in self._answers:
            if "error" in answer:
                raise LoaderError(answer["error"])
        return list(self._answers)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        with gevent.Timeout(ANSWER_LIMIT_S, LoaderError(f"waited {ANSWER_LIMIT_S:g} s for {what}")):
            while not condition():
                for process in self._processes:
                    if process.poll() is not None:
                        raise LoaderError(f"worker {process.pid} ended with {process.returncode}")
                self._news.clear()
                self._news.wait(0.005)


def _breathe() -> None:
    """Let Locust's hub run: heartbeats, spawning. A sleep of 0 would leave its timers out, another would take time."""
    gevent.idle()


def _added(counts: list[dict[str, int]]) -> dict[str, int]:
    return {kind: sum(count.get(kind, 0) for count in counts) for count in counts for kind in count}


def quiet_logging() -> None:
    """Locust's word goes to stderr, and only where something is wrong."""
    logging.basicConfig(level=os.environ.get("LOADGEN_LOG", "ERROR"), stream=sys.stderr)
