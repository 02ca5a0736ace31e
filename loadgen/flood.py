"""The data plane: all clients of this process against one server.

Closed loop: a client has one request under way and sends the next when the reply is whole and right. Open loop:
requests start when their time has come, each at a client without one. The bytes of sound exchanges are moved by the
hot loop, Python's (`loadgen.python_loop`, the reference) or the compiled one; whatever else happens to a connection
is handled in `loadgen.connections`. What a window does with all of them is here.
"""

from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter_ns as clock

from loadgen.arrivals import FAR_NS, Arrivals
from loadgen.connections import Connections
from loadgen.exchanges import Exchange, Request
from loadgen.loops import HotLoop
from loadgen.shares import Shares
from loadgen.source import Source
from loadgen.target import Target

LOOKS = 4  # for lost datagrams, in the time after which they are


class Flood(Connections):
    def __init__(
        self,
        target: Target,
        exchange: Exchange,
        requests: Iterable[tuple[Request, Request]],
        source: Source,
        hot_loop: Callable[["Flood"], HotLoop],
        stamps: bool,
    ) -> None:
        super().__init__(target, exchange, requests, source, stamps)
        self.shares = Shares(self.connections)
        self.bystanders = [c for c in self.connections if not exchange.is_aside(c.request)]
        self.lost_after_ns = FAR_NS  # a datagram without an answer for so long is lost
        self._ended_ns = clock()  # the last window, or the opening
        self._loop = hot_loop(self)
        self.follows_ends = self._loop.follows_ends

    def ask_all(self, again: bool, some: slice = slice(None)) -> None:
        """Every client (or some) without a request sends one, connecting if it must, and goes on if `again`."""
        self.again, self.arrivals = again, None
        for connection in self.connections[some]:
            if not connection.open:
                self.ask(connection)

    def expect(self, arrivals: Arrivals) -> None:
        """From now on requests start as `arrivals` say."""
        self.again, self.arrivals = False, arrivals
        self.idle = deque(connection for connection in self.connections if not connection.open)

    def settle(self) -> None:
        """From now on clients that are answered rest.

        A client that this server never answered isn't waited for: it starves, and would hold up all windows.
        """
        self.again = False
        self.idle.clear()

    @property
    def at_rest(self) -> bool:
        """Whether nothing is awaited and nothing is to come."""
        return not (self.again or self.awaited) and (self.arrivals is None or self.arrivals.over)

    def run(self, until_ns: int, breathe: Callable[[], None]) -> None:
        """Let it flow until then or until it is at rest; the hub breathes now and then."""
        if not self.target.transport.in_datagrams:
            if not self.at_rest:
                self._loop.run(until_ns, breathe)
            return
        while not self.at_rest and (now := clock()) < until_ns:
            self._loop.run(min(until_ns, now + self.lost_after_ns // LOOKS), breathe)
            self._miss_the_lost()

    def _miss_the_lost(self) -> None:
        """Nobody sends a datagram again but the client: who waits too long for an answer asks anew."""
        now = clock()
        for connection in self.connections:
            if connection.unsent:  # a Unix socket's queue has no room: what isn't sent can't be lost
                connection.unsent_ns = now
            elif connection.open and now - max(connection.asked_ns, connection.unsent_ns) > self.lost_after_ns:
                self.miss(connection, "lost")

    def give_up(self, timeout_s: float) -> list[int]:
        """End the window: ages in ns of the requests still open, whose answers will be late.

        Those older than the timeout are errors, and their connections are replaced.
        """
        self.again, self.arrivals = False, None
        now, ages = clock(), list[int]()
        for connection in self.connections:
            if not connection.open:
                continue
            age = now - connection.asked_ns
            if age > timeout_s * 1e9 and (connection.answered or connection.connecting_ns):
                self._fail(connection, "timed_out")
            else:
                ages.append(age)
                connection.given_up, connection.quick = True, False
        self.idle.clear()
        self.awaited, self._ended_ns = 0, clock()
        return ages

    def resume(self) -> None:
        """A window begins. Between windows a server may stand still: requests that stayed open don't age meanwhile."""
        before, self._ended_ns = self._ended_ns, clock()
        for connection in self.connections:
            connection.asked_ns += (self._ended_ns - before) * connection.open

    def begin(self) -> None:
        """From now on there are windows: whom the server serves in them is found out anew."""
        for connection in self.connections:
            connection.served = False

    def starved(self, since_ns: int) -> int:
        """Clients that no window has served, whose request was open ever since then, or which waited in vain so far.

        In an open loop a client without a request isn't waiting.
        """
        waiting = [c for c in self.bystanders if c.open or self.arrivals is None]
        return sum(not c.served or c.in_vain or (c.open and c.asked_ns < since_ns) for c in waiting)
