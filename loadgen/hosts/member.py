"""A worker's side of the door: hello before it is ready, and the end when it is sent away or its master has gone."""

import contextlib
import socket
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, NoReturn

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.rpc import Message
from locust.runners import WorkerRunner

HELLO_LIMIT_S = 10.0
ASK_AGAIN_S = 1.0
PROBE_LIMIT_S = 3.0
SILENCE_LIMIT_S = 6.0  # of a master; it answers a heartbeat a second
LINGER_MS = 200  # for the last message to leave, to a master that may be gone

OVER, LOST, REFUSED, INTERRUPTED = 0, 1, 2, 130  # exit codes


class NotTaken(Exception):
    """The master can't be reached, or didn't take it; the text says which, and what to do."""


class Member(WorkerRunner):
    def __init__(
        self,
        environment: Environment,
        address: tuple[str, int],
        hello: Mapping[str, Any],
        refusal: Callable[[str], str],
        begin: Callable[["Member"], None],
    ) -> None:
        """Join the master there, and `begin` to hear it. Raises NotTaken.

        `refusal`: why a host is not asked for anything; empty if it may be.
        """
        self.why, self.code = "", OVER  # it ended
        self.name = ""  # that the master gave it
        self._where = "{}:{}".format(*address)
        self._hello = dict(hello)
        self._refusal = refusal
        self._begin = begin
        environment.runner = self
        self._answered = Event()
        self._heard_at = monotonic()
        super().__init__(environment, *address)

    def connect_to_master(self) -> None:
        """Hello and its answer come before Locust's own words."""
        self.register_message("welcome", self._on_welcome)
        self.register_message("farewell", self._on_farewell)
        self.send_message("hello", self._hello)
        deadline = monotonic() + HELLO_LIMIT_S
        while not self._answered.wait(ASK_AGAIN_S):
            if monotonic() > deadline:
                raise NotTaken(_why_silent(self.master_host, self.master_port))
        if self.why:
            raise NotTaken(self.why)
        self._begin(self)  # first: a master may ask as soon as it knows us
        super().connect_to_master()  # type: ignore[no-untyped-call]

    def handle_message(self, msg: Message) -> None:
        """As Locust has it; whatever comes shows that the master is there."""
        self._heard_at = monotonic()
        if msg.type == "quit" and not self.why:
            self.why = "the run is over"
        super().handle_message(msg)

    def heartbeat_timeout_checker(self) -> NoReturn:
        """In place of Locust's, whose patience is a minute by a clock that may be set."""
        while True:
            gevent.sleep(1)
            if (silent_s := monotonic() - self._heard_at) > SILENCE_LIMIT_S:
                self.end(f"the master at {self._where} hasn't been heard of for {silent_s:.0f} s", LOST)

    def leave(self) -> None:
        """Tell the master, and end."""
        with contextlib.suppress(Exception):
            self._say_leave("it was interrupted")
        self.end("interrupted", INTERRUPTED)

    def end(self, why: str, code: int) -> None:
        """End, from any greenlet; what ended it first is kept."""
        if not self.why:
            self.why, self.code = why, code
        self.quit()

    def hang_up(self) -> None:
        """Close the connection: nobody waits for a master that has gone."""
        self.client.close(linger=LINGER_MS)  # type: ignore[no-untyped-call]

    def _say_leave(self, why: str) -> None:
        self.client.send(Message("leave", why, self.client_id))  # type: ignore[no-untyped-call]

    def _on_welcome(self, environment: Environment, msg: Message) -> None:
        self.name = msg.data["name"]
        refused = [why for host in msg.data["targets"] if (why := self._refusal(host))]
        if refused:
            self.why, self.code = refused[0], REFUSED
            self._say_leave(refused[0])
        self._answered.set()

    def _on_farewell(self, environment: Environment, msg: Message) -> None:
        if not self.why:
            self.why = f"the run at {self._where} turned us away: {msg.data['why']}"
            self.code = LOST if self.connected else REFUSED
        self._answered.set()


def _why_silent(host: str, port: int) -> str:
    """Why a master doesn't answer, and what to do, in a line."""
    where = f"--master {host}:{port}"
    try:
        socket.create_connection((host, port), timeout=PROBE_LIMIT_S).close()
    except TimeoutError:
        return f"{where}: doesn't answer: no such host is up, or the port is filtered on the way; open it there"
    except OSError as error:
        return f"{where}: can't be reached ({error.strerror or error}); see that the run waits, and copy its line anew"
    return f"{where}: takes connections, and isn't a run that waits for workers; copy the line that the run prints"
