"""Locust's master with a door: only who said hello with this run's token, and is of its version, is heard.

Locust itself takes in whoever says that it is ready, of any version, and breaks where somebody sends what is no
message. Here all others are turned away, which is said, and nothing of theirs reaches Locust.
"""

import contextlib
import logging
import os
import socket
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, NoReturn

import gevent
import zmq
from gevent.event import Event
from locust.env import Environment
from locust.rpc import Message
from locust.runners import STATE_MISSING, MasterRunner

from loadgen.hosts import identity, split
from loadgen.hosts.clocks import OURS, Offset

MOST_SAID = 20  # who was turned away, and why: a port scanner must not fill the record
MOST_KNOWN = 1000  # who was, so that it is said once
HELLO_TO_READY_S = 30.0  # who was welcomed and doesn't come by then gives its place up
SILENT_S = 6.0  # by when a worker that has died isn't taken to be there any more


@dataclass(eq=False)
class Guest:
    """A worker that was taken in."""

    name: str
    told: Mapping[str, Any]  # as identity.told has it
    address: str  # of its host
    is_elsewhere: bool
    came_at: float
    is_ready: bool = False
    why_gone: str = ""  # by its own word
    clock: Offset = OURS
    first: int = 0  # of all clients, that is its own

    @property
    def where(self) -> str:
        """Its name, and the address of its host."""
        return f"{self.name} ({self.address})"

    @property
    def facts(self) -> dict[str, Any]:
        """As run.json has them."""
        shown = ("host", "cpus", "cpu", "kernel", "python", "locust", "loop", "reuses_ports")
        return {
            "name": self.name,
            "address": self.address,
            "elsewhere": self.is_elsewhere,
            **{name: self.told[name] for name in shown},
            "clock_ahead_s": self.clock.ahead_ns / 1e9,
            "clock_uncertainty_s": self.clock.uncertainty_ns / 1e9,
        }


class Master(MasterRunner):
    def __init__(
        self, environment: Environment, host: str, port: int, places: Mapping[str, tuple[bool, int]], compiled: bool
    ) -> None:
        """Listen there. `places`: by token, whether its workers are on other hosts, and how many they may be."""
        self.guests: dict[str, Guest] = {}  # by client id, as they came
        self.news: list[str] = []  # what the run has to say
        self.changed = Event()
        self.is_open = True  # to more guests
        self._places = places
        self._own = identity.told(compiled)
        self._targets: list[str] = []
        self._turned: set[str] = set()
        self._said: set[str] = set()  # of those
        self._dismissed: set[str] = set()
        self._peer = ""  # whose message is handled
        self._speaking: set[int] = set()  # descriptors of connections on which a message came
        super().__init__(environment, host, port)
        self.greenlet.spawn(self._watch_connections)

    @property
    def ready(self) -> dict[str, Guest]:
        """The guests that Locust knows."""
        return {client_id: guest for client_id, guest in self.guests.items() if guest.is_ready}

    def targets(self, hosts: Collection[str]) -> None:
        """Who comes from now on is told which hosts it is going to ask."""
        self._targets = list(hosts)

    def gone(self) -> dict[str, str]:
        """The guests that are there no more, by client id, and why."""
        found = {}
        for client_id, guest in self.ready.items():
            node = self.clients.get(client_id)
            if node is None or node.state == STATE_MISSING:
                found[client_id] = (
                    "has not been heard of for some seconds: it hangs, was killed, or its host is cut off"
                )
            elif guest.why_gone:
                found[client_id] = guest.why_gone
        return found

    def dismiss(self, client_id: str, why: str) -> Guest:
        """It is no guest any more, and ends if it still hears us."""
        guest = self.guests.pop(client_id)
        self._dismissed.add(client_id)
        node = self.clients.pop(client_id, None)
        if node is not None and self._users_dispatcher is not None:
            self._users_dispatcher.remove_worker(node)
        self._farewell(client_id, why)
        self.changed.set()
        return guest

    def dismiss_gone(self) -> None:
        """Before all are there: who has gone gives its place up, and that is said."""
        for client_id, why in self.gone().items():
            if self.guests[client_id].is_elsewhere:
                guest = self.dismiss(client_id, why)
                if not guest.why_gone:  # else it was said by itself
                    self.say(f"{guest.where} is lost: {why}")

    def weigh(self, client_ids: Collection[str]) -> list[float]:
        """The CPUs that each of these can use."""
        told = [self.guests[one].told for one in client_ids]
        return split.weights([one["host"] for one in told], [one["cpus"] for one in told])

    # --- what comes in ------------------------------------------------------------------------------

    def client_listener(self) -> NoReturn:
        """In place of Locust's, which ends with whatever is no message."""
        while True:
            frames = self.server.socket.recv_multipart(copy=False)
            try:
                self._peer, descriptor = str(frames[-1].get("Peer-Address")), frames[-1].get(zmq.SRCFD)
            except zmq.ZMQError:  # what happens to look like the first version of its protocol; its end is told
                continue
            try:
                client_id = frames[0].bytes.decode()
                message = Message.unserialize(frames[1].bytes)  # type: ignore[no-untyped-call]
            except Exception:  # msgpack has errors of its own for each way to be no message
                self._say_turned(f"at {self._peer}", "it speaks no Locust")
                continue
            self._speaking.add(descriptor)
            try:
                self.handle_message(client_id, message)
            except Exception:
                logging.exception("a message of %s", client_id)

    def handle_message(self, client_id: str, msg: Message) -> None:
        """A guest's messages are Locust's to handle; of others only a hello is heard, and none in another's name."""
        guest = self.guests.get(client_id)
        if guest is None and msg.type == "hello":
            self._hear_hello(client_id, msg.data, self._peer)
        elif client_id in self._dismissed:
            self._farewell(client_id, "the run goes on without it")
        elif guest is None or msg.node_id != client_id:
            self._turn_away(client_id, "it has no token of a run; start it with the line that this run prints")
        elif msg.type == "leave":
            why = msg.data if isinstance(msg.data, str) else ""
            guest.why_gone = f"left: {why[: identity.LONGEST]}"
            if not guest.is_ready:
                self.dismiss(client_id, "")
            self.say(f"{guest.name} {guest.why_gone}")
        else:
            super().handle_message(client_id, msg)
            if msg.type == "client_ready":
                guest.is_ready = True
                self.changed.set()

    def _hear_hello(self, client_id: str, hello: Any, peer: str, again: bool = False) -> None:
        """Welcome it, or turn it away. Where there is no place it is heard `again`, as one may be a dead worker's."""
        self._peer = peer
        why = identity.why_not(hello, self._own, self._places)
        if why:
            self._turn_away(client_id, why)
            return
        is_elsewhere, most = next(of for token, of in self._places.items() if identity.is_same(token, hello["token"]))
        self._forget_who_never_came()
        if sum(guest.is_elsewhere == is_elsewhere for guest in self.guests.values()) >= most or not self.is_open:
            if again:
                self._turn_away(client_id, "the run has its workers; ask for more with --workers and --from-hosts")
            else:
                gevent.spawn_later(SILENT_S, self._hear_hello, client_id, hello, peer, again=True)
            return
        facts = {name: value for name, value in hello.items() if name != "token"}
        name = self._name(str(hello["host"]))
        self.guests[client_id] = Guest(name, facts, self._peer, is_elsewhere, monotonic())
        self.send_message("welcome", {"name": name, "targets": self._targets}, client_id)

    def _forget_who_never_came(self) -> None:
        late = [one for one, guest in self.guests.items()
                if not guest.is_ready and monotonic() - guest.came_at > HELLO_TO_READY_S]  # fmt: skip
        for client_id in late:
            self.dismiss(client_id, "it said hello, and was ready too late")

    def _name(self, host: str) -> str:
        """Its host's; the second one there gets a number."""
        taken = {guest.name for guest in self.guests.values()}
        names = [host, *(f"{host}-{number}" for number in range(2, len(taken) + 2))]
        return next(name for name in names if name not in taken)

    # --- who is turned away -------------------------------------------------------------------------

    def _turn_away(self, client_id: str, why: str) -> None:
        """It is told why, and a worker of Locust's own is told to end."""
        self._farewell(client_id, why)
        if client_id not in self._turned:
            if len(self._turned) < MOST_KNOWN:
                self._turned.add(client_id)
            host = client_id.rpartition("_")[0][: identity.LONGEST]
            self._say_turned(f"{host or 'somebody'} at {self._peer}", why)

    def _farewell(self, client_id: str, why: str) -> None:
        self.send_message("farewell", {"why": why}, client_id)
        self.send_message("quit", client_id=client_id)

    def _say_turned(self, who: str, why: str) -> None:
        sentence = f"turned away: {who}: {why}"
        if sentence not in self._said and len(self._said) < MOST_SAID:
            self._said.add(sentence)
            self.say(sentence)

    def say(self, sentence: str) -> None:
        """To the run, which asks what is new."""
        self.news.append("".join(letter if letter.isprintable() else "?" for letter in sentence))
        self.changed.set()

    def _watch_connections(self) -> NoReturn:
        """Say who connects and speaks another protocol: what they send need never become a message."""
        monitor = self.server.socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        peers: dict[int, str] = {}  # by descriptor
        while True:
            event, descriptor = struct.unpack("=hi", monitor.recv_multipart()[0])
            if event == zmq.EVENT_ACCEPTED:
                peers[descriptor] = _peer_at(descriptor)
                self._speaking.discard(descriptor)
            elif descriptor not in self._speaking:
                self._say_turned(f"at {peers.pop(descriptor, 'an unknown address')}", "it speaks no Locust")


def _peer_at(descriptor: int) -> str:
    """The address at the other end of a connection of the library's, if that is still open."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as twin:
        return str(twin.getpeername()[0])
    return "an unknown address"
