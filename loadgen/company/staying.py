"""Who comes and stays: connections that say nothing (idle), slow readers, dribblers, and sessions of a chat.

They connect one after the other. After each few, somebody else asks once and leaves: when that is answered, the server
has taken in those before, and its queue never gets long. They go alike, as thousands of threads that end at once keep
a server from all else for seconds.
"""

import heapq
import random
import select
import socket
import time
from collections.abc import Iterator

from loadgen.company.members import FIRST_NAME, GONE, MESSAGE_SIZE, Came, Members
from loadgen.exchanges.echo import Echo
from loadgen.exchanges.exchange import Request
from loadgen.source import Source
from loadgen.target import Target

AT_ONCE = 64  # that nobody has asked for yet
CONNECT_LIMIT_S, ANSWER_LIMIT_S, COME_LIMIT_S = 3.0, 4.0, 60.0
NEVER_S = float("inf")

TICK_S = 0.010  # a dribbler's, from one byte to the next
SHARES = 10  # of a tick, in which some of them have their turn each

SLOW_SIZE = 256 * 1024  # bytes of a message: more than the buffers on its way have room for
READS_S, READ_SIZE = 0.0625, 256  # so many bytes each time: 4 KiB a second
SEGMENT, BUFFER = 1448, 4096  # bytes: as over Ethernet, not over loopback, whose segments make buffers of megabytes
FILLED_S, FILL_LIMIT_S = 0.05, 5.0  # when nothing has moved for so long, buffers are full

EVERY_S = 5.0  # a session's messages, in the mean


class Idle(Members):
    """Connections that say nothing."""

    def __init__(self, target: Target, source: Source, size: int) -> None:
        super().__init__(target, source, size)
        self.there: dict[int, socket.socket] = {}  # by descriptor

    @property
    def open(self) -> int:
        return len(self.there)

    def come(self, few: int) -> Came:
        refused, answers = 0, True
        deadline = time.monotonic() + COME_LIMIT_S
        few = max(1, min(few, AT_ONCE))
        for number in range(self.size):
            try:
                self._add()
            except OSError:
                refused += 1
            if number % few == few - 1 or number == self.size - 1:
                answers = self._is_answered()
                if not answers or time.monotonic() > deadline:
                    break
        self.settle()
        self._see()
        return Came(self.open, refused, self.did.closed, answers)

    def settle(self) -> None:
        """What they do before the first window."""

    def act(self, now_s: float) -> float:
        return NEVER_S

    def ready(self, descriptor: int, events: int, now_s: float) -> None:
        """One whose connection the server has closed is gone."""
        if events & GONE:
            self._lose(descriptor)

    def leave(self, few: int = 0) -> None:
        answers = bool(few)
        for number, sock in enumerate(self.there.values(), 1):
            sock.close()
            if answers and number % few == 0:
                answers = self._is_answered()
        self.there.clear()
        super().leave(few)

    def prepare(self, sock: socket.socket) -> None:
        """What it is to be like, before it connects."""

    def _add(self) -> None:
        sock = self.socket()
        try:
            self.prepare(sock)
            sock.settimeout(CONNECT_LIMIT_S)
            sock.connect(self.target.address)
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        self.there[sock.fileno()] = sock
        self.epoll.register(sock, select.EPOLLRDHUP)

    def _lose(self, descriptor: int) -> None:
        if sock := self.there.pop(descriptor, None):
            sock.close()
            self.did.closed += 1

    def _is_answered(self) -> bool:
        """Whether somebody who asks now is."""
        request = self.request()
        try:
            with self.socket() as sock:
                sock.settimeout(ANSWER_LIMIT_S)
                sock.connect(self.target.address)
                sock.sendall(request.message)
                heard = b""
                while len(heard) < len(request.reply) and (part := sock.recv(65536)):
                    heard += part
        except OSError:
            return False
        return heard == request.reply

    def _see(self) -> None:
        """Who is gone."""
        for descriptor, events in self.epoll.poll(0, max(1, self.size)):
            if events & GONE:
                self._lose(descriptor)


class _Asking(Idle):
    """Each has a request under way, or the next one to make."""

    def __init__(self, target: Target, source: Source, size: int) -> None:
        super().__init__(target, source, size)
        self._requests: dict[int, Iterator[Request]] = {}
        self._under_way: dict[int, Request] = {}
        self.sent: dict[int, int] = {}
        self.heard: dict[int, int] = {}

    def settle(self) -> None:
        for number, descriptor in enumerate(self.there):
            self._requests[descriptor] = self._in_turn(number)
            self.next(descriptor)

    def next(self, descriptor: int) -> None:
        """Its next request."""
        self._under_way[descriptor] = next(self._requests[descriptor])
        self.sent[descriptor] = self.heard[descriptor] = 0

    def send(self, descriptor: int, most: int) -> bool:
        """So many bytes of its request at most; whether some were taken."""
        message, sent = self._under_way[descriptor].message, self.sent[descriptor]
        try:
            taken = self.there[descriptor].send(memoryview(message)[sent : sent + most])
        except BlockingIOError:
            return False
        except OSError:
            self._lose(descriptor)
            return False
        self.sent[descriptor] += taken
        return bool(taken)

    def hear(self, descriptor: int, most: int) -> bool:
        """So many bytes of the reply at most; whether it is whole, and right. Who hears another one has heard it."""
        reply, at = self._under_way[descriptor].reply, self.heard[descriptor]
        try:
            part = self.there[descriptor].recv(most)
        except BlockingIOError:
            return False
        except OSError:
            part = b""
        if not part:
            self._lose(descriptor)
            return False
        self.heard[descriptor] = at = at + len(part)
        if part != reply[at - len(part) : at] or at > self.sent[descriptor]:
            self.did.wrong += 1
            self._lose(descriptor)
            return False
        if at < len(reply):
            return False
        self.did.served += 1
        return True

    def has_sent(self, descriptor: int) -> bool:
        return self.sent[descriptor] == len(self._under_way[descriptor].message)

    def _in_turn(self, number: int) -> Iterator[Request]:
        both = Echo(MESSAGE_SIZE).requests(FIRST_NAME + number)
        while True:
            yield from both


class Slow(_Asking):
    """Each asks for more than buffers hold, as fast as the server takes it, and reads 4 KiB a second."""

    def __init__(self, target: Target, source: Source, size: int) -> None:
        super().__init__(target, source, size)
        self._both = Echo(SLOW_SIZE).requests(FIRST_NAME)  # the same for all of them
        self._turns: list[tuple[float, int]] = []  # when each reads next

    def prepare(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        if not self.target.transport.is_local:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)

    def settle(self) -> None:
        super().settle()
        self._turns = [(READS_S * place / self.size, descriptor) for place, descriptor in enumerate(self.there)]
        now = time.monotonic()
        moved, limit = now, now + FILL_LIMIT_S
        while (now := time.monotonic()) < min(limit, moved + FILLED_S):
            taken = [self.send(descriptor, SLOW_SIZE) for descriptor in list(self.there)]
            if any(taken):
                moved = now
            else:
                time.sleep(0.005)
        for descriptor in self.there:
            self._watch(descriptor)

    def act(self, now_s: float) -> float:
        while self._turns and self._turns[0][0] <= now_s:
            due_s, descriptor = heapq.heappop(self._turns)
            if descriptor not in self.there:
                continue
            if self.hear(descriptor, READ_SIZE):
                self.next(descriptor)
                self._watch(descriptor)
            if descriptor in self.there:
                heapq.heappush(self._turns, (max(due_s, now_s - READS_S) + READS_S, descriptor))
        return self._turns[0][0] if self._turns else NEVER_S

    def ready(self, descriptor: int, events: int, now_s: float) -> None:
        """Room for more of its request."""
        if events & select.EPOLLOUT and descriptor in self.there:
            self.send(descriptor, SLOW_SIZE)
            self._watch(descriptor)
        super().ready(descriptor, events, now_s)

    def _watch(self, descriptor: int) -> None:
        if descriptor in self.there:
            more = 0 if self.has_sent(descriptor) else select.EPOLLOUT
            self.epoll.modify(descriptor, select.EPOLLRDHUP | more)

    def _in_turn(self, number: int) -> Iterator[Request]:
        while True:
            yield from self._both


class Dribble(_Asking):
    """Each sends a byte every 10 ms, and hears the reply when its message is whole."""

    _turn, _due_s = 0, 0.0

    def act(self, now_s: float) -> float:
        """The turn of those whose share of a tick it is; turns that nobody had time for are left out."""
        if self._due_s <= now_s:
            for descriptor in list(self.there)[self._turn :: SHARES]:
                if not self.has_sent(descriptor):
                    self.send(descriptor, 1)
                elif self.hear(descriptor, MESSAGE_SIZE):
                    self.next(descriptor)
                    self.send(descriptor, 1)
            self._turn = (self._turn + 1) % SHARES
            self._due_s = max(self._due_s + TICK_S / SHARES, now_s)
        return self._due_s


class Chat(_Asking):
    """Each says something now and then, and waits for the reply."""

    def __init__(self, target: Target, source: Source, size: int) -> None:
        super().__init__(target, source, size)
        self._random = random.Random()
        self._turns: list[tuple[float, int]] = []

    def settle(self) -> None:
        super().settle()
        self._turns = [(self._random.expovariate(1 / EVERY_S), descriptor) for descriptor in self.there]
        heapq.heapify(self._turns)
        for descriptor in self.there:
            self.epoll.modify(descriptor, select.EPOLLRDHUP | select.EPOLLIN)

    def act(self, now_s: float) -> float:
        while self._turns and self._turns[0][0] <= now_s:
            _, descriptor = heapq.heappop(self._turns)
            if descriptor in self.there:
                self.send(descriptor, MESSAGE_SIZE)
        return self._turns[0][0] if self._turns else NEVER_S

    def ready(self, descriptor: int, events: int, now_s: float) -> None:
        if events & select.EPOLLIN and descriptor in self.there and self.hear(descriptor, MESSAGE_SIZE):
            self.next(descriptor)
            heapq.heappush(self._turns, (now_s + self._random.expovariate(1 / EVERY_S), descriptor))
        super().ready(descriptor, events, now_s)

    @property
    def is_done(self) -> bool:
        """No message is left over to when the server stands still."""
        both = zip(self.sent.values(), self.heard.values(), strict=True)
        return all(heard == sent for sent, heard in both)

    @property
    def patience_s(self) -> float:
        return 0.1
