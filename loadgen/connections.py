"""The connections of all clients of this process to one server: what may happen to each of them.

The hot loops move the bytes of sound exchanges. Whatever else happens to a connection is handled here: it is made,
sends in parts, reads in parts, is answered wrongly, breaks, ends.
"""

import errno
import math
import os
import socket
from collections import deque
from collections.abc import Iterable
from itertools import cycle
from time import perf_counter_ns as clock

from gevent.monkey import get_original

from loadgen import stamp
from loadgen.arrivals import Arrivals
from loadgen.breakage import kind_of
from loadgen.connection import Connection
from loadgen.exchanges import FORMS, NAME, Exchange, Request
from loadgen.log import Log
from loadgen.loops import spin
from loadgen.source import Source
from loadgen.target import Target

epoll = get_original("select", "epoll")  # Locust's monkey-patching takes it away
OUT, IN = 0x004, 0x001
LARGEST_READ = 65536  # above the allocator's mmap threshold every read would cost page faults
EVENTS_PER_POLL = 128  # so that the end of a window is noticed between two polls


class Connections:
    """`requests` are what each client asks in turn.

    With `stamps` the kernel says when it had the replies, of those that are drawn (`stamp_every`).
    """

    follows_ends = False  # whether the hot loop makes connections, as the last ones end

    def __init__(
        self,
        target: Target,
        exchange: Exchange,
        requests: Iterable[tuple[Request, Request]],
        source: Source,
        stamps: bool,
    ) -> None:
        self.target, self.source, self.exchange = target, source, exchange
        self.stamps = stamps and target.transport.is_stamped
        self.stamp_every(1)
        self.epoll = epoll()
        self.by_fd: dict[int, Connection] = {}
        self.connections = [Connection(pair, number) for number, pair in enumerate(requests)]
        self.again = False  # closed loop: an answered client asks again
        self.arrivals: Arrivals | None = None  # open loop: what clients are to ask, and when
        self.idle: deque[Connection] = deque()  # clients without a request, where they don't ask again by themselves
        self.awaited = 0  # open requests of this window, but for those of clients that this server never answered
        self.spin_ns = 0  # that each reply takes us longer, to find out whether we are what limits
        self._learned = b""  # the reply that came last of those that weren't known
        self.log = Log()

    def stamp_every(self, requests: int) -> None:
        """From now on one in so many of those that are begun is drawn: its latency is noted, by the stamp."""
        self.draws = stamp.draws(requests)
        self.draw = cycle(map(bool, self.draws)).__next__

    def handle_events(self, timeout_s: float) -> bool:
        """Take what has happened, any case; whether anything had."""
        events = self.epoll.poll(timeout_s, EVENTS_PER_POLL)
        for fd, event in events:
            self.event(self.by_fd[fd], event)
        return bool(events)

    def event(self, connection: Connection, event: int) -> None:
        """Anything may have happened to it."""
        sock = connection.sock
        assert sock is not None
        if connection.connecting_ns:
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self.broke(connection, OSError(code, os.strerror(code)))
            else:
                self._connected(connection)
            return
        try:
            if event & OUT and connection.unsent:
                self.sent(connection, sock.send(memoryview(connection.request.message)[-connection.unsent :]))
            if event & ~OUT:
                read_stamped = connection.drawn and self.stamps
                data = stamp.receive(connection, LARGEST_READ) if read_stamped else sock.recv(LARGEST_READ)
                self.received(connection, data)
        except OSError as error:
            self.broke(connection, error)

    def ask(self, connection: Connection) -> None:
        """Begin a request, with a new connection if there is none."""
        connection.open = True
        connection.drawn, connection.lay_ns = self.draw(), stamp.NO_STAMP
        connection.asked_ns = clock()
        self.awaited += connection.answered
        self.log.asked += 1
        if connection.sock is None:
            self._connect(connection)
        else:
            self._send(connection)

    def sent(self, connection: Connection, count: int) -> None:
        """So many bytes of the message were sent; the rest follows when there is room."""
        watched_for_more = not connection.quick
        connection.unsent -= count
        if connection.unsent:
            connection.quick = False
            self.epoll.modify(connection.fd, IN | OUT)
            return
        if watched_for_more:
            self.epoll.modify(connection.fd, IN)
        if self.exchange.half_closes:
            assert connection.sock is not None
            connection.sock.shutdown(socket.SHUT_WR)

    def received(self, connection: Connection, data: bytes) -> None:
        """A piece of a reply, or something that is none; nothing at the connection's end."""
        if self.target.transport.in_datagrams:
            self._received_datagram(connection, data)
            return
        server_closes = self.exchange.server_closes
        reply = connection.request.reply
        if not data:
            if server_closes and connection.open and connection.got == len(reply):
                self._answered(connection)
            elif not connection.open:
                self._replace(connection)
            else:
                self._fail(connection, "closed")
        elif connection.open and (connection.heard or not reply.startswith(data, connection.got)):
            self._judge(connection, data)
        elif not connection.open:
            self._fail(connection, "corrupt")
        else:
            connection.quick = False
            connection.got += len(data)
            if connection.got == len(reply) and connection.unsent:
                self._fail(connection, "early")  # whoever knows the answer has not read the question
            elif connection.got == len(reply) and not server_closes:
                self._answered(connection)

    def _judge(self, connection: Connection, data: bytes) -> None:
        """A piece of another reply than the known one; where replies vary it may be right all the same."""
        exchange, (message, reply) = self.exchange, connection.request
        heard = (connection.heard or reply[: connection.got]) + data
        verdict = exchange.judge(message, heard) if exchange.varies else "wrong"
        if verdict == "part":
            connection.heard, connection.got, connection.quick = heard, len(heard), False
        elif verdict == "wrong" or connection.unsent:
            self._fail(connection, "corrupt" if verdict == "wrong" else "early")
        else:
            connection.heard = b""
            if verdict == "last" and connection.replies_left > 1:  # nobody else would take it for the last
                connection.replies_left = 1
                self.log.replaced += 1
            else:
                self._learn(connection, heard)
            self._answered(connection)

    def _learn(self, connection: Connection, reply: bytes) -> None:
        """What was right is compared with what comes next; alike for many clients, it is kept once."""
        if reply != self._learned:
            self._learned = reply
        connection.request = Request(connection.request.message, self._learned)

    def _received_datagram(self, connection: Connection, datagram: bytes) -> None:
        """A whole reply, or none: to the request before it comes late or again; to another client's it is wrong."""
        if connection.open and datagram == connection.request.reply:
            self._answered(connection)
        elif datagram in connection.missed:
            self.log.errors["reordered"] += 1
            del connection.missed[datagram]
        elif datagram == connection.following.reply and connection.answered:
            self.log.errors["doubled"] += 1
        elif connection.open:
            self.miss(connection, "corrupt")
        else:
            self.log.errors["corrupt"] += 1

    def miss(self, connection: Connection, kind: str) -> None:
        """A datagram of its request is lost, or another came instead: it asks anew, in other letters, if it goes on."""
        self.log.errors[kind] += 1
        self.log.failed += 1
        self.log.missed_ns.append(connection.asked_ns)
        self.awaited -= connection.answered and not connection.given_up
        connection.open = connection.given_up = False
        connection.missed[connection.request.reply] = None
        connection.losses += 1
        name = int(connection.request.message[:NAME])
        connection.request, connection.following = self.exchange.requests(name, FORMS[connection.losses % len(FORMS)])
        for request in (connection.request, connection.following):
            connection.missed.pop(request.reply, None)  # so long ago that it doesn't come any more
        self._go_on(connection)

    def note_sample(self, connection: Connection, now_ns: int) -> None:
        """A reply that was drawn is whole, and was seen now; where no stamp came it has come now."""
        delayed_ns = 0 if self.arrivals is None else connection.asked_ns - connection.intended_ns
        arrived_ns = now_ns if connection.lay_ns < 0 else connection.arrived_ns
        self.log.drawn.append((connection.asked_ns, delayed_ns, arrived_ns, connection.lay_ns, connection.number))

    def broke(self, connection: Connection, error: OSError) -> None:
        """A call on its socket failed."""
        if error.errno == errno.EAGAIN:
            return  # readiness was withdrawn; the next poll tells
        kind = kind_of(error)
        if kind == "reset" and not connection.open:
            self._replace(connection)
        else:
            self._fail(connection, kind)

    def _connect(self, connection: Connection) -> None:
        connection.connecting_ns = clock()
        sock = self.target.socket(self.stamps)
        self.source.bind(sock)
        connection.sock, connection.fd = sock, sock.fileno()
        self.by_fd[connection.fd] = connection
        code = sock.connect_ex(self.target.address)
        self.epoll.register(connection.fd, OUT)
        if code == errno.EAGAIN:
            code = errno.ECONNREFUSED  # a Unix socket's queue is full, where TCP would try again
        if code == 0:
            self._connected(connection)
        elif code != errno.EINPROGRESS:
            self.broke(connection, OSError(code, os.strerror(code)))

    def _connected(self, connection: Connection) -> None:
        if not connection.given_up:  # else nobody looked meanwhile
            self.log.connected_ns.append(clock() - connection.connecting_ns)
        connection.connecting_ns = 0
        connection.replies_left = self.exchange.connection_carries or math.inf
        self.epoll.modify(connection.fd, IN)
        if self.exchange.connecting_asks:
            connection.quick = self._is_quick(connection)
        else:
            self._send(connection)

    def _is_quick(self, connection: Connection) -> bool:
        if connection.in_vain or not connection.answered:  # what comes now is to be noticed
            return False
        return self.follows_ends or not self.exchange.connection_carries

    def _send(self, connection: Connection) -> None:
        connection.got = 0
        connection.unsent = len(connection.request.message)
        connection.quick = self._is_quick(connection)
        connection.asked_ns = clock()
        assert connection.sock is not None
        try:
            self.sent(connection, connection.sock.send(connection.request.message))
        except BlockingIOError:
            self.sent(connection, 0)
        except OSError as error:
            self.broke(connection, error)

    def _answered(self, connection: Connection) -> None:
        now = clock()
        connection.right += 1
        if connection.given_up:
            connection.given_up = False
            self.log.late += 1
        else:
            self.log.answered_ns.append(now)
            self.log.took_ns.append(now - connection.asked_ns)
            if self.arrivals is not None:
                self.log.delayed_ns.append(connection.asked_ns - connection.intended_ns)
            if connection.drawn:
                self.note_sample(connection, now)
            self.awaited -= connection.answered
        connection.answered = connection.served = True
        connection.in_vain = connection.open = False
        connection.request, connection.following = connection.following, connection.request
        connection.replies_left -= 1
        if not connection.replies_left:
            self.forget(connection)
        if self.spin_ns:
            spin(now + self.spin_ns)
        self._go_on(connection)

    def _fail(self, connection: Connection, kind: str) -> None:
        """Count the error and give the connection up.

        In a closed loop the client connects again at once, unless this server never answered it or can't be
        reached: then it sits out until the next window, lest a server that refuses be flooded with connects.
        """
        self.log.errors[kind] += 1
        connection.in_vain |= kind == "timed_out"
        sits_out = not connection.answered or bool(connection.connecting_ns)
        was_open = connection.open
        if was_open:
            self.log.failed += 1
            self.awaited -= connection.answered and not connection.given_up
        self.forget(connection)
        connection.open = connection.given_up = False
        if was_open and not (self.again and sits_out):
            self._go_on(connection)

    def _replace(self, connection: Connection) -> None:
        """Its server closed it while it asked nothing, which is no error."""
        self.log.replaced += 1
        self.forget(connection)

    def _go_on(self, connection: Connection) -> None:
        if self.again:
            self.ask(connection)
        else:
            self.idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """Close its connection; it has another one when it asks again."""
        self.by_fd.pop(connection.fd, None)
        connection.close()

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        self.epoll.close()
