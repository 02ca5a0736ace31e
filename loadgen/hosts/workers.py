"""Worker processes under Locust's master: so many of this machine, and so many from other hosts.

Each gets clients by the CPUs that it can use, and is told by its own clock when a window starts.
"""

import contextlib
import errno
import functools
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from time import monotonic
from time import perf_counter_ns as clock
from typing import Any, NoReturn

from loadgen.crew import ANSWER_LIMIT_S, Crew, Each, TooLong, nothing
from loadgen.hosts import clocks
from loadgen.hosts.clocks import Offset, Trip
from loadgen.hosts.door import Guest, Master
from loadgen.hosts.identity import TOKEN
from loadgen.hosts.split import Dispatcher
from loadgen.node import Node
from loadgen.parts import LoaderError, Part, WindowLost, WorkersLost, sound

QUIT_LIMIT_S = 5.0
TRIPS = 20  # by which two clocks are compared
Address = tuple[str, int]


class Workers(Crew):
    def __init__(self, node: Node, here: int, elsewhere: int, listen: Address, options: list[str]) -> None:
        """Listen, and start those of this machine with these options. Raises LoaderError where that can't be."""
        self._options = options
        self._here = here
        self.elsewhere = elsewhere
        self._listen = listen
        self._compiled = "compiled" in options
        self.token = secrets.token_hex(8)  # that the run prints
        super().__init__(node)

    def _begin(self, node: Node) -> None:
        _must_be_free(self._listen)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._number = 0  # of the question under way: answers to another are nobody's
        self._sent: dict[str, int] = {}  # when each was asked, by client id
        self._parts: dict[str, Part] = {}
        self._trips: list[Trip] = []
        self._is_stale = False  # users are still counted where workers have gone
        own_token = secrets.token_hex(8)
        places = {own_token: (False, self._here)}
        if self.elsewhere:
            places[self.token] = (True, self.elsewhere)
        environment = node.environment
        self.master = self.runner = environment.runner = Master(environment, *self._listen, places, self._compiled)
        environment.dispatcher_class = functools.partial(Dispatcher, self.master.weigh)  # type: ignore[assignment]
        self.runner.register_message("answer", self._on_answer)
        self.runner.register_message("clock", self._on_clock)
        for _ in range(self._here):
            self._start(own_token)

    @property
    def size(self) -> int:
        return len(self.master.ready)

    @property
    def missing(self) -> int:
        """How many haven't come yet."""
        return self._here + self.elsewhere - self.size if self.master.is_open else 0

    @property
    def address(self) -> str:
        """Where workers come to."""
        return f"{self._listen[0]}:{self.master.server.port}"

    def gathered(self, within_s: float) -> bool:
        """Whether all have come, and the door is closed; waits no longer than so. Raises LoaderError."""
        deadline = monotonic() + within_s
        self.master.dismiss_gone()
        while self.missing and (left_s := deadline - monotonic()) > 0:
            self._raise_if_ended()
            self.master.changed.clear()
            self.master.changed.wait(min(left_s, 0.1))
            self.master.dismiss_gone()
        self.master.is_open = bool(self.missing)
        return not self.master.is_open

    def reopen(self, lost: WorkersLost) -> None:
        """Some had gone when all seemed to be there, and had no clients yet: their places are free again."""
        self.master.is_open = True
        why = str(lost).partition(";")[0]
        self.master.say(f"{', '.join(lost.who)} {'is' if len(lost.who) == 1 else 'are'} lost: {why}")

    # --- questions and answers ----------------------------------------------------------------------

    def ask(self, command: dict[str, Any], each: Each = nothing) -> list[Part]:
        return self._ask(self.master.ready, command, each)

    def ask_in_turn(self, command: dict[str, Any]) -> list[Part]:
        """The same, one worker after the other."""
        return [part for one, guest in self.master.ready.items() for part in self._ask({one: guest}, command, nothing)]

    def _ask(self, whom: dict[str, Guest], command: dict[str, Any], each: Each) -> list[Part]:
        self.raise_if_gone()
        self._number += 1
        self._parts.clear()
        for client_id, guest in whom.items():
            self._sent[client_id] = clock()
            told = {"number": self._number, "elsewhere": guest.is_elsewhere, "first": guest.first}
            own = each(guest.clock) | told
            self.master.send_message("command", command | own, client_id)
        what = f"the answer to {command['do']!r}"
        try:
            self.wait(lambda: self._parts.keys() >= whom.keys(), what)
        except TooLong:
            self._lose(dict.fromkeys(whom.keys() - self._parts, f"was waited for {ANSWER_LIMIT_S:g} s for {what}"))
        return sound([self._parts[client_id] for client_id in whom])

    def _on_answer(self, environment: Any, msg: Any) -> None:
        guest = self.master.guests[msg.node_id]
        if msg.data.get("number") == self._number:
            trip = Trip(self._sent[msg.node_id], msg.data["at_ns"], clock())
            self._parts[msg.node_id] = Part(msg.data, guest.name, guest.is_elsewhere, guest.clock, trip)
            self._news.set()

    def populate(self, clients: int) -> None:
        if self._is_stale:
            self._is_stale = False
            self.bring_to(self.runner.target_user_count)
        super().populate(clients)
        first = 0
        for guest, part in zip(self.master.ready.values(), self.ask({"do": "count"}), strict=True):
            guest.first, first = first, first + part.answer["clients"]

    # --- clocks -------------------------------------------------------------------------------------

    def compare_clocks(self) -> None:
        """Find out anew how far they are ahead of ours. Raises WindowLost where one has jumped; it is known then."""
        jumps = []
        for client_id, guest in self.master.ready.items():
            if not guest.is_elsewhere:
                continue  # this machine's clock is ours
            before, after = guest.clock, self._compared(client_id)
            jumped_ns = clocks.jump_ns(before, after) if before.at_ns else 0
            guest.clock = after if jumped_ns or not before.at_ns else clocks.better(before, after)
            if jumped_ns:
                jumps.append(f"the clock of {guest.name} jumped by {jumped_ns / 1e9:+.3g} s since it was compared last")
        if jumps:
            raise WindowLost(f"{'; '.join(jumps)}: its host was suspended, or its clock is being set")

    def _compared(self, client_id: str) -> Offset:
        self._trips = []
        for number in range(TRIPS):
            self._sent[client_id] = clock()
            self.master.send_message("clock", {"number": number}, client_id)
            try:
                self.wait(lambda wanted=number: len(self._trips) > wanted, "a clock to be told")  # type: ignore[misc]
            except TooLong as told:
                self._lose({client_id: f"doesn't say what time it is: {told}"})
        return clocks.offset(self._trips)

    def _on_clock(self, environment: Any, msg: Any) -> None:
        received_ns = clock()
        if msg.data["number"] == len(self._trips):
            self._trips.append(Trip(self._sent[msg.node_id], msg.data["at_ns"], received_ns))
            self._news.set()

    @property
    def uncertainty_ns(self) -> int:
        """How wrong the clock that is known least may be known."""
        return max((guest.clock.uncertainty_ns for guest in self.master.ready.values()), default=0)

    # --- ends ---------------------------------------------------------------------------------------

    def raise_if_gone(self) -> None:
        """Raises WorkersLost where others are there to go on; of a run that is all at home LoaderError."""
        if not self.elsewhere:
            self._raise_if_ended()
            return
        gone = self.master.gone()
        for process in self._processes:
            if process.poll() is not None:
                gone |= {one: f"ended with {process.returncode}" for one, guest in self.master.guests.items()
                         if not guest.is_elsewhere and guest.told["pid"] == process.pid}  # fmt: skip
        if gone:
            self._lose(gone)

    def _lose(self, gone: Mapping[str, str]) -> NoReturn:
        """Go on without these, each with the reason. Raises WorkersLost; in a run that is all at home LoaderError."""
        if not self.elsewhere:
            raise LoaderError("; ".join(f"{self.master.guests[one].name} {why}" for one, why in gone.items()))
        guests = {self.master.dismiss(client_id, why): why for client_id, why in gone.items()}
        self._is_stale = True
        told = "; ".join(f"{guest.name} {why}" for guest, why in guests.items())
        whose = "its" if len(guests) == 1 else "their"
        left = f"{self.size or 'no'} worker{'s' * (self.size != 1)} left"
        raise WorkersLost(f"{told}; {whose} clients are lost, and {left}", [guest.where for guest in guests])

    def quit(self) -> None:
        """End the workers; those of this machine that don't in time are killed."""
        try:
            super().quit()
        finally:
            for process in self._processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(QUIT_LIMIT_S)
                process.kill()
                process.wait()

    def _start(self, token: str) -> None:
        command = [sys.executable, "-m", "loadgen.worker", "--master", self.address, *self._options]
        self._processes.append(
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=os.environ | {TOKEN: token}
            )
        )

    def _raise_if_ended(self) -> None:
        for process in self._processes:
            if process.poll() is not None:
                raise LoaderError(f"worker {process.pid} ended with {process.returncode}")


def _must_be_free(listen: Address) -> None:
    """Raises LoaderError where nobody can listen there: Locust would only log it."""
    host, port = listen
    remedy = {
        errno.EADDRINUSE: "it is taken; name another port, or none",
        errno.EADDRNOTAVAIL: "that is no address of this machine; name one that `ip address` lists",
        errno.EACCES: "that port is the administrator's; name one from 1024 on",
    }
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(listen)
        except OSError as error:
            why = remedy.get(error.errno or 0, f"{error.strerror}; name another address")
            raise LoaderError(f"--listen {host}:{port}: {why}") from None
