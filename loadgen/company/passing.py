"""Who comes, asks once and leaves: so many a second (churn), or so many at one instant (burst)."""

import errno
import select
import socket
import struct
import time
from dataclasses import dataclass

from loadgen.company.members import Members
from loadgen.exchanges.exchange import Request
from loadgen.source import Source
from loadgen.target import Target

NEVER_S = float("inf")
PATIENCE_S, BURST_PATIENCE_S = 0.5, 3.0  # a SYN that found no room is sent again after a second
AT_ONCE = 4_000  # of churn, under way
RETRANSMITTED = struct.Struct("100xI")  # tcpi_total_retrans in linux/tcp.h
UNDER_WAY = (errno.EINPROGRESS, errno.EAGAIN)


@dataclass
class _Visit:
    sock: socket.socket
    request: Request
    began_ns: int
    is_connected: bool = False
    heard: bytes = b""


class _Passing(Members):
    """Visits under way, by descriptor."""

    def __init__(self, target: Target, source: Source, size: int) -> None:
        super().__init__(target, source, size)
        self._visits: dict[int, _Visit] = {}

    @property
    def open(self) -> int:
        return len(self._visits)

    @property
    def is_done(self) -> bool:
        return not self._visits

    def ready(self, descriptor: int, events: int, now_s: float) -> None:
        visit = self._visits[descriptor]
        try:
            if not visit.is_connected:
                self._ask(visit)
                return
            heard = visit.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        visit.heard += heard
        if heard and len(visit.heard) < len(visit.request.reply):
            return
        if not visit.heard:
            self.did.refused += 1
        elif visit.heard == visit.request.reply:
            self.did.served += 1
            self._was_served(now_s)
        else:
            self.did.wrong += 1
        self._part(visit)

    def end(self) -> None:
        self.did.waiting += len(self._visits)
        for visit in list(self._visits.values()):
            self._part(visit)

    def leave(self, few: int = 0) -> None:
        self.end()
        super().leave(few)

    def _was_served(self, now_s: float) -> None:
        """One of them."""

    def _come(self) -> None:
        """One more."""
        self.did.connects += 1
        sock = self.socket()
        sock.setblocking(False)
        visit = _Visit(sock, self.request(), time.perf_counter_ns())
        code = sock.connect_ex(self.target.address)
        under_way = () if self.target.transport.is_local else UNDER_WAY  # at a path nobody waits for room
        if code and code not in under_way:
            self.did.refused += 1
            sock.close()
            return
        self._visits[sock.fileno()] = visit
        self.epoll.register(sock, select.EPOLLOUT)
        try:
            self._ask(visit)  # on loopback it is connected by now, if it is at all
        except BlockingIOError:
            return
        except OSError:
            self.did.refused += 1
            self._part(visit)

    def _ask(self, visit: _Visit) -> None:
        """Raises BlockingIOError where it isn't connected yet, and another OSError where it won't be."""
        if code := visit.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, "")
        visit.sock.send(visit.request.message)  # as small as any buffer
        self.did.took_ns.append(time.perf_counter_ns() - visit.began_ns)
        visit.is_connected = True
        self.epoll.modify(visit.sock, select.EPOLLIN)

    def _part(self, visit: _Visit) -> None:
        if not self.target.transport.is_local:
            told = visit.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RETRANSMITTED.size)
            self.did.retransmitted += RETRANSMITTED.unpack(told)[0] if len(told) == RETRANSMITTED.size else 0
        del self._visits[visit.sock.fileno()]
        visit.sock.close()


class Churn(_Passing):
    """`size` a second, evenly."""

    _next_s = 0.0

    @property
    def patience_s(self) -> float:
        return PATIENCE_S

    def begin(self, now_s: float, head_s: float) -> None:
        super().begin(now_s, head_s)
        self._next_s = max(self._next_s, now_s)

    def act(self, now_s: float) -> float:
        while self._next_s <= now_s:
            self._next_s += 1 / self.size
            if len(self._visits) < AT_ONCE:
                self._come()
        return self._next_s


class Burst(_Passing):
    """`size` at one instant: where the counted part of a window begins, about."""

    _due_s, _began_s = NEVER_S, 0.0

    @property
    def patience_s(self) -> float:
        return BURST_PATIENCE_S

    def begin(self, now_s: float, head_s: float) -> None:
        super().begin(now_s, head_s)
        self._due_s = now_s + head_s

    def act(self, now_s: float) -> float:
        if self._due_s <= now_s:
            self._due_s, self._began_s = NEVER_S, now_s
            for _ in range(self.size):
                self._come()
        return self._due_s

    def _was_served(self, now_s: float) -> None:
        if self.did.served == self.size:
            self.did.all_served_s = now_s - self._began_s
