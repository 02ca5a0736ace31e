"""Who holds the clients: this process alone, or workers under Locust's master (loadgen/hosts/workers.py).

Either way the same messages go to the same listeners.
"""

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from locust.runners import Runner

from loadgen.hosts.clocks import OURS, Offset
from loadgen.node import Node
from loadgen.parts import LoaderError, Part, sound

ANSWER_LIMIT_S = 60.0
IN_ONE_GO = 1000  # users that come or leave


class TooLong(LoaderError):
    """What was waited for didn't come."""


Each = Callable[[Offset], dict[str, Any]]  # what a worker is told by its own clock


def nothing(clock: Offset) -> dict[str, Any]:
    """All are told the same."""
    return {}


class Crew:
    """The clients are in this process, under Locust's local runner."""

    runner: Runner

    def __init__(self, node: Node) -> None:
        self._news = Event()
        self._begin(node)

    def _begin(self, node: Node) -> None:
        self._answers: list[Part] = []
        self.runner = node.environment.create_local_runner()
        node.listen_here(self.runner)
        self.runner.register_message("answer", lambda environment, msg: self._answers.append(Part(msg.data)))

    @property
    def size(self) -> int:
        """Workers that there are."""
        return 1

    def ask(self, command: dict[str, Any], each: Each = nothing) -> list[Part]:
        """Send a command to all workers; their answers, in no particular order. Raises LoaderError."""
        self._answers.clear()
        self.runner.send_message("command", command | each(OURS))
        return sound(self._answers)

    def populate(self, clients: int) -> None:
        """Have Locust spawn or stop users until there are so many, all of them at their place.

        It does so many of them in one go, in which its hub stands still.
        """
        while (users := self.runner.target_user_count) != clients:
            self.bring_to(min(users + IN_ONE_GO, clients) if users < clients else max(users - IN_ONE_GO, clients))
        self.wait(
            lambda: sum(part.answer["clients"] for part in self.ask({"do": "count"})) == clients,
            f"{clients} clients to take their place",
        )

    def bring_to(self, users: int) -> None:
        """Have Locust spread so many users, and wait until they are there."""
        self.runner.start(users, spawn_rate=IN_ONE_GO)
        self.wait(lambda: self.runner.user_count == users, f"{users} users to spawn")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Return when it holds. Raises TooLong after a while, LoaderError where it can't come true any more."""
        with gevent.Timeout(ANSWER_LIMIT_S, TooLong(f"waited {ANSWER_LIMIT_S:g} s for {what}")):
            while not condition():
                self.raise_if_gone()
                self._news.clear()
                self._news.wait(0.005)

    def raise_if_gone(self) -> None:
        """Raises LoaderError where a worker is there no more."""

    def quit(self) -> None:
        """End the workers."""
        self.runner.quit()
