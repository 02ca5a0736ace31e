"""A closed loop without windows: clients come and go while it flows, and nothing is drained in between."""

from collections.abc import Callable, Collection
from time import perf_counter_ns as clock

from loadgen.connection import Connection
from loadgen.exchanges import Exchange
from loadgen.flood import Flood
from loadgen.log import Log
from loadgen.loops import HotLoop
from loadgen.source import Source, SourceAddresses
from loadgen.target import Target


class LiveFlood(Flood):
    """Of one server. A request that takes longer than `timeout_s` fails, and its connection is replaced."""

    def __init__(
        self, target: Target, exchange: Exchange, hot_loop: Callable[[Flood], HotLoop], timeout_s: float
    ) -> None:
        super().__init__(target, exchange, (), Source(SourceAddresses(), target), hot_loop, stamps=False)
        self._hot_loop = hot_loop
        self._timeout_ns = int(timeout_s * 1e9)
        self._seats: dict[int, Connection] = {}

    def seat(self, names: Collection[int]) -> None:
        """From now on it has these clients: who is new connects when it flows, who is gone hangs up."""
        if list(self._seats) == list(names):
            return
        for name in set(self._seats).difference(names):
            gone = self._seats.pop(name)
            self.awaited -= gone.open and gone.answered
            self.forget(gone)
        for name in names:
            if name not in self._seats:
                self._seats[name] = Connection(self.exchange.requests(name))
        self.connections = list(self._seats.values())
        self._loop = self._hot_loop(self)  # a loop's records are as many as the clients that it is made for

    def flow(self, seconds: float, breathe: Callable[[], None]) -> Log:
        """For so long; what happened meanwhile. Who couldn't connect before tries again at the beginning."""
        self.log = log = Log()
        now = clock()
        for connection in self.connections:
            if connection.open and now - connection.asked_ns > self._timeout_ns:
                self._fail(connection, "timed_out")
        self.ask_all(again=True)
        self.run(clock() + int(seconds * 1e9), breathe)
        return log
