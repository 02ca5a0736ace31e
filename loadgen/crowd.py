"""The virtual clients of one worker, and the servers they are connected to.

Each has a connection to every server.
"""

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from time import perf_counter_ns as clock
from typing import Any

from loadgen import round_trip, stamp, steal, window
from loadgen.compiled_loop import CompiledLoop
from loadgen.exchanges import EXCHANGES, Exchange
from loadgen.flood import Flood
from loadgen.idle_closes import closed_while_idle
from loadgen.places import NAMES_A_WORKER, Places
from loadgen.python_loop import PythonLoop
from loadgen.source import Source, SourceAddresses, raise_unless_permitted
from loadgen.target import Target
from loadgen.window import ClosedLoad, OpenLoad, WindowLengths

AT_ONCE = 500  # clients of a larger crowd connect in turn: no queue of a server's needs to be as long as the crowd
PATIENCE_NS = 4_000_000_000  # for each server's first answer: a pause is no death
SILENCE_NS = 200_000_000  # then: after that long without any answer, those without one are taken to starve


class Crowd(Places):
    def __init__(self, allow_remote: bool, compiled: bool) -> None:
        super().__init__()
        self._allow_remote = allow_remote
        self._hot_loop = CompiledLoop if compiled else PythonLoop
        self._addresses = SourceAddresses()
        self._floods: dict[str, Flood] = {}
        self._keeper = stamp.begin()

    def open(self, command: dict[str, Any], breathe: Callable[[], None]) -> dict[str, Any]:
        """Connect every client to every target, and have each make one exchange that doesn't count.

        So every server has accepted its clients before the first window, and those it can't serve are known. So many
        clients at once as all servers' queues have room for, and the next when these are answered.
        """
        exchange = _exchange(command)
        first = self.worker * NAMES_A_WORKER  # names count from there: who has left before doesn't matter
        requests = [exchange.requests(first + place) for place in range(len(self))]  # the same bytes for all servers
        for name, target in self._targets(command).items():
            source = Source(self._addresses, target)
            self._floods[name] = Flood(target, exchange, requests, source, self._hot_loop, command["stamps"])
        floods = list(self._floods.values())
        at_once = min(AT_ONCE, command.get("queue", AT_ONCE))
        for first in range(0, len(self.names), at_once):
            _connect(floods, slice(first, first + at_once), breathe)
        found = {
            name: {
                "answered": sum(connection.answered for connection in flood.connections),
                "errors": dict(flood.log.errors),
            }
            for name, flood in self._floods.items()
        }
        for flood in floods:
            flood.give_up(float("inf"))
            flood.begin()
        return {"clients": len(self.names), "targets": found}

    def prepare(self, command: dict[str, Any], breathe: Callable[[], None]) -> dict[str, Any]:
        """What has to be done for the window that is asked for next before its start is set.

        Connections that the server closed while nobody asked it are replaced, and how many is told; an open loop's
        arrivals are drawn.
        """
        load = self._load(command)
        if isinstance(load, OpenLoad):
            load.drawn(WindowLengths(**command["lengths"]).span_ns)
        flood = self._floods[command["target"]]
        flood.resume()
        return {"replaced": _replace_closed(flood, breathe)}

    def window(self, command: dict[str, Any], breathe: Callable[[], None]) -> dict[str, Any]:
        """Run a window against a target, with this worker's part of the load."""
        lengths = WindowLengths(**command["lengths"])
        load = self._load(command)
        flood = self._floods[command["target"]]
        flood.stamp_every(command["stamp_every"])
        stolen_s = steal.stolen_s() if command.get("elsewhere") else 0.0
        seen = asdict(window.run(flood, lengths, load, command["start_ns"], breathe))
        return seen | ({"stolen_s": steal.stolen_s() - stolen_s} if command.get("elsewhere") else {})

    def round_trips(self, command: dict[str, Any], breathe: Callable[[], None]) -> dict[str, Any]:
        """What an exchange takes with each target, of one client that comes for it; nothing of it is left."""
        exchange = _exchange(command)
        found = {}
        for name, target in self._targets(command).items():
            alone = [exchange.requests(self.worker * NAMES_A_WORKER)]
            source = Source(self._addresses, target)
            with closing(Flood(target, exchange, alone, source, self._hot_loop, command["stamps"])) as flood:
                _connect([flood], slice(0, 1), breathe)
                found[name] = round_trip.told(flood, command["times"], command["within_s"], breathe)
        return {"round_trips": found}

    def balance(self, command: dict[str, Any]) -> dict[str, Any]:
        """What each worker of a target gave this worker's clients, in the windows since they connected."""
        return self._floods[command["target"]].shares.of_workers(command["workers"])

    def _targets(self, command: dict[str, Any]) -> dict[str, Target]:
        """Raises PermissionError where one is another machine, and nobody allowed that."""
        targets = {name: Target.of(url) for name, url in command["targets"].items()}
        for target in targets.values():
            raise_unless_permitted(target, self._allow_remote)
        return targets

    def _load(self, command: dict[str, Any]) -> ClosedLoad | OpenLoad:
        if "rate_rps" not in command["load"]:
            return ClosedLoad(**command["load"])
        clients, first = command["clients"], command.get("first", 0)
        share = len(self.names) / clients
        own = {
            "part": (first / clients, (first + len(self.names)) / clients),
            "rate_rps": command["load"]["rate_rps"] * share,
            "backlog": math.ceil(command["load"]["backlog"] * share),
            "seed": (command["load"]["seed"], self.worker),
        }
        return OpenLoad(**command["load"] | own)

    def close(self) -> dict[str, Any]:
        for flood in self._floods.values():
            flood.close()
        self._floods.clear()
        return {}


def _exchange(command: dict[str, Any]) -> Exchange:
    of_exchange = dict(command["exchange"])
    return EXCHANGES[of_exchange.pop("service")](**of_exchange)


def _replace_closed(flood: Flood, breathe: Callable[[], None]) -> int:
    """Each client whose connection the server closed makes an exchange that doesn't count, as when it came first."""
    lost = closed_while_idle(flood)
    served = [connection.served for connection in lost]
    for connection in lost:
        flood.forget(connection)
        flood.ask(connection)
    if lost:
        _handle_until([flood], lambda: not any(connection.open for connection in lost), SILENCE_NS, breathe)
        flood.give_up(float("inf"))
    for connection, before in zip(lost, served, strict=True):
        connection.served = before
    return len(lost)


def _connect(floods: list[Flood], some: slice, breathe: Callable[[], None]) -> None:
    """Have these clients connect, and wait for their answers, though not for those of the starving."""
    for flood in floods:
        flood.ask_all(again=False, some=some)

    def at_rest(flood: Flood) -> bool:
        return not any(connection.open for connection in flood.connections[some])

    def answers(flood: Flood) -> bool:
        """Whether the server has answered someone, or nobody waits for it any more."""
        return any(connection.answered for connection in flood.connections) or at_rest(flood)

    patience_ns = SILENCE_NS if some.start else PATIENCE_NS  # who answered none of the first isn't waited for anew
    _handle_until(floods, lambda: all(map(answers, floods)), patience_ns, breathe)
    _handle_until(floods, lambda: all(map(at_rest, floods)), SILENCE_NS, breathe)


def _handle_until(floods: list[Flood], done: Callable[[], bool], silence_ns: int, breathe: Callable[[], None]) -> None:
    """Handle the events of all servers until `done`, or nothing has happened for that long.

    Whoever was kept from looking for so long looks once more.
    """
    last = clock()
    while not done():
        now = clock()
        if sum(flood.handle_events(0) for flood in floods):
            last = clock()
        elif now - last >= silence_ns:
            return
        else:
            time.sleep(0.001)
        breathe()
