"""A node that holds clients: it does what its controller's messages say, in their order, and answers each."""

import logging
import os
import sys
from time import perf_counter_ns as clock
from typing import Any

import gevent
from gevent.queue import Queue
from locust.env import Environment
from locust.runners import Runner

from loadgen import compiled_loop
from loadgen.crowd import Crowd
from loadgen.virtual_client import VirtualClient


class Node:
    def __init__(self, allow_remote: bool, compiled: bool) -> None:
        self.crowd = crowd = Crowd(allow_remote, compiled)

        class Client(VirtualClient):
            places = crowd

        self.environment = Environment(user_classes=[Client])
        self._commands: Queue[dict[str, Any]] = Queue()

    def listen_here(self, runner: Runner) -> None:
        """To a controller in this process, which waits for each answer."""
        self._runner = runner
        runner.register_message("command", lambda environment, msg: self._carry_out(msg.data))

    def listen(self, runner: Runner) -> None:
        """To a master, which is heard while a command is carried out."""
        self._runner = runner
        runner.register_message("command", lambda environment, msg: self._commands.put(msg.data))
        runner.register_message("clock", self._tell_clock)
        runner.greenlet.spawn(self._carry_out_all)

    def _tell_clock(self, environment: Environment, msg: Any) -> None:
        self._runner.send_message("clock", {"number": msg.data["number"], "at_ns": clock()})

    def _carry_out_all(self) -> None:
        while True:
            self._carry_out(self._commands.get())

    def _carry_out(self, command: dict[str, Any]) -> None:
        try:
            answer = self._answer(command)
        except Exception as error:  # a worker that can't must say so, or its controller waits
            logging.exception("%s failed", command["do"])
            answer = {"error": f"{type(error).__name__}: {error}"}
        self._runner.send_message("answer", answer | {"number": command.get("number"), "at_ns": clock()})

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        match command["do"]:
            case "open":
                return self.crowd.open(command, _breathe)
            case "prepare":
                return self.crowd.prepare(command, _breathe)
            case "window":
                return self.crowd.window(command, _breathe)
            case "balance":
                return self.crowd.balance(command)
            case "round_trips":
                return self.crowd.round_trips(command, _breathe)
            case "count":
                return {"clients": len(self.crowd)}
            case "close":
                return self.crowd.close()
            case unknown:
                raise ValueError(f"no such command: {unknown}")


def _breathe() -> None:
    """Let Locust's hub run: heartbeats, spawning. A sleep of 0 would leave its timers out, another would take time."""
    gevent.idle()


def chosen_loop(wanted: str) -> tuple[bool, str]:
    """Whether the compiled loop serves, and if not, why."""
    if wanted == "python":
        return False, "it was asked for"
    reason = compiled_loop.why_not()
    return not reason, reason


def quiet_logging() -> None:
    """Locust's word goes to stderr, and only where something is wrong."""
    logging.basicConfig(level=os.environ.get("LOADGEN_LOG", "ERROR"), stream=sys.stderr)
