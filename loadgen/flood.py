"""The data plane: all clients of this process against one server, in a plain loop over epoll.

Closed loop: a client has one request under way and sends the next when the reply is whole and right.
`_flood` is the hot loop and handles only that case; whatever else happens to a connection goes through
`_event`. Nothing is computed in the loop: an instant and a duration are kept for each reply, and
`loadgen.window` sorts them into head, counted part and drain afterwards. (Appending to a list is cheaper than
storing into a preallocated array, which must convert each integer.)
"""

import _socket
import errno
import math
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from time import perf_counter_ns as clock

from gevent.monkey import get_original

from loadgen.connection import Connection
from loadgen.exchange import Exchange
from loadgen.source import Source

epoll = get_original("select", "epoll")  # Locust's monkey-patching takes it away
IN, OUT = 0x001, 0x004
LARGEST_READ = 65536  # above the allocator's mmap threshold every read would cost page faults
EVENTS_PER_POLL = 128  # so that the end of a window is noticed between two polls
LONGEST_STRETCH_NS = 300_000_000  # Locust's hub is never held for longer


class Flood:
    """`names` are the clients' numbers, unique over all workers; `host` is a literal address."""

    def __init__(self, host: str, port: int, exchange: Exchange, names: Iterable[int], source: Source) -> None:
        self._address = (host, port)
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._exchange = exchange
        self._source = source
        self._epoll = epoll()
        self._by_fd: dict[int, Connection] = {}
        self.connections = [Connection(exchange, name) for name in names]
        self._asking = False  # whether an answered client asks again
        self.new_log()

    def new_log(self) -> None:
        """Forget what was observed so far."""
        self.answered_ns: list[int] = []
        self.took_ns: list[int] = []
        self.connected_ns: list[int] = []  # how long each completed connect took
        self.errors: Counter[str] = Counter()
        self.late = 0

    # --- what the window does ---------------------------------------------------------------------

    def ask_all(self, again: bool) -> None:
        """Every client without a request under way sends one (connecting first, if it must), and one more after
        each reply if `again`."""
        self._asking = again
        for connection in self.connections:
            if not connection.open:
                self._ask(connection)

    def flood(self, until_ns: int, breathe: Callable[[], None]) -> None:
        """Keep the closed loop going until then, letting the hub breathe now and then."""
        while (now := clock()) < until_ns:
            self._flood(min(until_ns, now + LONGEST_STRETCH_NS))
            breathe()

    def drain(self, until_ns: int, breathe: Callable[[], None]) -> None:
        """Send nothing new; return when every request is answered that is waited for.

        A client that this server never answered isn't waited for: it starves, and would hold up all windows.
        """
        self._asking = False
        waited_for = [c for c in self.connections if c.open and c.answered]
        breath_ns = clock() + LONGEST_STRETCH_NS
        while (waited_for := [c for c in waited_for if c.open]) and (now := clock()) < until_ns:
            self.handle_events(min(until_ns - now, LONGEST_STRETCH_NS) / 1e9)
            if clock() > breath_ns:
                breathe()
                breath_ns = clock() + LONGEST_STRETCH_NS

    def handle_events(self, timeout_s: float) -> bool:
        """Take what has happened, any case; whether anything had."""
        events = self._epoll.poll(timeout_s, EVENTS_PER_POLL)
        for fd, event in events:
            self._event(self._by_fd[fd], event)
        return bool(events)

    def give_up(self, timeout_s: float) -> list[int]:
        """End the window: ages in ns of the requests still open, whose answers will be late.

        Those older than the timeout are errors, and their connections are replaced.
        """
        now = clock()
        ages = []
        for connection in self.connections:
            if not connection.open:
                continue
            age = now - connection.asked_ns
            if age > timeout_s * 1e9 and (connection.answered or connection.connecting_ns):
                self._fail(connection, "timed_out")
            else:
                ages.append(age)
                connection.given_up, connection.quick = True, False
        return ages

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self._epoll.close()

    # --- the hot loop -----------------------------------------------------------------------------

    def _flood(self, until_ns: int) -> None:
        poll, by_fd, read, write = self._epoll.poll, self._by_fd, os.read, os.write
        answered, took = self.answered_ns.append, self.took_ns.append
        size = self._exchange.message_size
        room = min(size + 1, LARGEST_READ)  # one byte more than is right, to see one too many
        while (now := clock()) < until_ns:
            for fd, event in poll((until_ns - now) / 1e9, EVENTS_PER_POLL):
                connection = by_fd[fd]
                if event != IN or not connection.quick:
                    self._event(connection, event)
                    continue
                try:
                    data = read(fd, room)
                except OSError as error:
                    self._broke(connection, error)
                    continue
                message = connection.message
                if data != message:
                    self._received(connection, data)
                    continue
                now = clock()
                answered(now)
                took(now - connection.asked_ns)
                connection.asked_ns = now
                connection.message = connection.following
                connection.following = message
                try:
                    sent = write(fd, connection.message)
                except BlockingIOError:
                    sent = 0
                except OSError as error:
                    self._broke(connection, error)
                    continue
                if sent != size:
                    connection.unsent = size
                    self._sent(connection, sent)

    # --- every other case -------------------------------------------------------------------------

    def _event(self, connection: Connection, event: int) -> None:
        sock = connection.sock
        assert sock is not None
        if connection.connecting_ns:
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._broke(connection, OSError(code, os.strerror(code)))
            else:
                self._connected(connection)
            return
        try:
            if event & OUT and connection.unsent:
                self._sent(connection, sock.send(memoryview(connection.message)[-connection.unsent :]))
            if event & ~OUT:
                self._received(connection, sock.recv(LARGEST_READ))
        except OSError as error:
            self._broke(connection, error)

    def _connect(self, connection: Connection) -> None:
        connection.connecting_ns = clock()
        sock = _socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._source.bind(sock)
        connection.sock, connection.fd = sock, sock.fileno()
        self._by_fd[connection.fd] = connection
        code = sock.connect_ex(self._address)
        self._epoll.register(connection.fd, OUT)
        if code == 0:
            self._connected(connection)
        elif code != errno.EINPROGRESS:
            self._broke(connection, OSError(code, os.strerror(code)))

    def _connected(self, connection: Connection) -> None:
        self.connected_ns.append(clock() - connection.connecting_ns)
        connection.connecting_ns = 0
        connection.replies_left = self._exchange.connection_carries or math.inf
        self._epoll.modify(connection.fd, IN)
        if not self._exchange.connecting_asks:
            self._send(connection)

    def _ask(self, connection: Connection) -> None:
        connection.open = True
        connection.asked_ns = clock()
        if connection.sock is None:
            self._connect(connection)
        else:
            self._send(connection)

    def _send(self, connection: Connection) -> None:
        connection.got = 0
        connection.unsent = len(connection.message)
        connection.quick = connection.answered and not self._exchange.connection_carries
        connection.asked_ns = clock()
        assert connection.sock is not None
        try:
            self._sent(connection, connection.sock.send(connection.message))
        except BlockingIOError:
            self._sent(connection, 0)
        except OSError as error:
            self._broke(connection, error)

    def _sent(self, connection: Connection, count: int) -> None:
        watched_for_more = not connection.quick
        connection.unsent -= count
        if connection.unsent:
            connection.quick = False
            self._epoll.modify(connection.fd, IN | OUT)
            return
        if watched_for_more:
            self._epoll.modify(connection.fd, IN)
        if self._exchange.half_closes:
            assert connection.sock is not None
            connection.sock.shutdown(socket.SHUT_WR)

    def _received(self, connection: Connection, data: bytes) -> None:
        exchange = self._exchange
        reply = exchange.reply(connection.message)
        if not data:
            if exchange.server_closes and connection.open and connection.got == len(reply):
                self._answered(connection)
            else:
                self._fail(connection, "closed")
        elif not connection.open or not reply.startswith(data, connection.got):
            self._fail(connection, "corrupt")
        else:
            connection.quick = False
            connection.got += len(data)
            if connection.got == len(reply) and not exchange.server_closes:
                self._answered(connection)

    def _answered(self, connection: Connection) -> None:
        now = clock()
        if connection.given_up:
            connection.given_up = False
            self.late += 1
        else:
            self.answered_ns.append(now)
            self.took_ns.append(now - connection.asked_ns)
        connection.answered = True
        connection.open = False
        connection.message, connection.following = connection.following, connection.message
        connection.replies_left -= 1
        if not connection.replies_left:
            self._forget(connection)
        if self._asking:
            self._ask(connection)

    def _broke(self, connection: Connection, error: OSError) -> None:
        match error.errno:
            case errno.EAGAIN:
                pass  # readiness was withdrawn; the next poll tells
            case errno.ECONNREFUSED:
                self._fail(connection, "refused")
            case errno.ETIMEDOUT:
                self._fail(connection, "timed_out")
            case errno.ECONNRESET | errno.EPIPE | errno.ENOTCONN:
                self._fail(connection, "reset")
            case _:
                raise error  # ours (descriptors, ports), not the server's: the run must not hide it

    def _fail(self, connection: Connection, kind: str) -> None:
        """Count the error and give the connection up.

        The client connects again at once, unless this server never answered it or can't be reached: then it
        sits out until the next window, lest a server that refuses be flooded with connects.
        """
        self.errors[kind] += 1
        again = self._asking and connection.answered and not connection.connecting_ns
        self._forget(connection)
        connection.open = connection.given_up = False
        if again:
            self._ask(connection)

    def _forget(self, connection: Connection) -> None:
        self._by_fd.pop(connection.fd, None)
        connection.close()
