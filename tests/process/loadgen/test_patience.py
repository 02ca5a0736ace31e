"""How long a crowd waits for servers that say nothing, in steps of a clock that moves only while it waits."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from math import inf

import pytest

from loadgen import crowd
from loadgen.crowd import PATIENCE_NS, SILENCE_NS, Crowd
from tests.support.peers import DEADLINE_S, Peer, messages, peers, silent

STEP_NS = SILENCE_NS // 4
QUEUE, CLIENTS = 2, 9
GROUPS = -(-CLIENTS // QUEUE)
EXCHANGE = {"service": "echo", "message_size": 64}


class Waiting:
    """A crowd that connects; `waited_ns` is how long nothing happened, by its own clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waited_ns = 0
        self.is_over = threading.Event()  # its clock stands still from then on, however long the machine takes
        self.crowd = Crowd(allow_remote=False, compiled=False)
        for _ in range(CLIENTS):
            self.crowd.join(0)
        monkeypatch.setattr(crowd, "clock", lambda: self.waited_ns)

    def open(
        self, started: Mapping[str, Peer], most_ns: float = inf, kept_by: Callable[[], None] = lambda: None
    ) -> dict[str, int]:
        """How many of its clients each of these answers; after so long its clock stands still.

        Between two looks it may be kept from the next one.
        """

        def breathe() -> None:
            kept_by()
            if self.waited_ns < most_ns:
                self.waited_ns += STEP_NS
            else:
                self.is_over.set()

        targets = {name: peer.url for name, peer in started.items()}
        found = self.crowd.open({"targets": targets, "exchange": EXCHANGE, "queue": QUEUE, "stamps": True}, breathe)
        return {name: target["answered"] for name, target in found["targets"].items()}


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    made = Waiting(monkeypatch)
    yield made
    made.crowd.close()


def test_who_answered_none_of_the_first_is_waited_for_once(waiting: Waiting) -> None:
    with peers(it=silent) as started:
        assert waiting.open(started) == {"it": 0}
    assert PATIENCE_NS <= waiting.waited_ns < 2 * PATIENCE_NS
    assert GROUPS * PATIENCE_NS > 2 * PATIENCE_NS  # what each group's clients would wait by themselves


def test_a_first_answer_that_comes_late_is_waited_for(waiting: Waiting) -> None:
    """A pause is no death: this one is far longer than that in which others are taken to starve."""

    def pauses(sock: socket.socket, number: int) -> None:
        waiting.is_over.wait(DEADLINE_S)
        for message in messages(sock):
            sock.sendall(message)

    with peers(it=pauses) as started:
        assert waiting.open(started, most_ns=10 * SILENCE_NS) == {"it": CLIENTS}


def test_whoever_was_kept_from_looking_looks_before_anybody_is_taken_to_starve(waiting: Waiting) -> None:
    """By a busy machine, and for long: the last one's answer came meanwhile."""
    asked, answers, answered = threading.Event(), threading.Event(), threading.Event()

    def the_last_waits(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            if number == CLIENTS - 1:
                asked.set()
                answers.wait(DEADLINE_S)
            sock.sendall(message)
            if number == CLIENTS - 1:
                answered.set()

    def keep() -> None:
        if asked.is_set() and not answers.is_set():
            answers.set()
            assert answered.wait(DEADLINE_S)
            waiting.waited_ns += 10 * SILENCE_NS

    with peers(it=the_last_waits) as started:
        assert waiting.open(started, most_ns=0, kept_by=keep) == {"it": CLIENTS}
