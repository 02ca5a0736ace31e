"""hot_loop.c in Python's service: the same loop at a fraction of the CPU time, where it was compiled.

Connections belong to one side at a time. `run` hands the quick ones over, takes one back whenever the C code comes
upon something it leaves to the flood, and takes all back at its end.
"""

import _socket
import ctypes
import math
import os
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter_ns as clock

import numpy as np

from loadgen.connection import Connection
from loadgen.connections import EVENTS_PER_POLL, LARGEST_READ
from loadgen.exchanges import Request
from loadgen.flood import Flood
from loadgen.loops import LONGEST_STRETCH_NS
from loadgen.target import Target

LIBRARY = Path(__file__).with_name("hot_loop.so")
SOURCE = LIBRARY.with_suffix(".c")
REPLIES = 1 << 16  # that a stretch has room for before Python takes them
MOST_DESCRIPTORS = 1 << 20
LARGEST_EVENT = 16  # bytes of struct epoll_event; 12 where it is packed

TIME_IS_UP, AT_REST, LOG_IS_FULL, EVENT, RECEIVED, BROKE, ASK = range(7)  # `enum outcome` of the source

CLIENT = np.dtype(
    [(name, "i8") for name in ("asked_ns", "intended_ns", "connecting_ns", "got", "unsent", "replies_left")]
    + [(name, "i8") for name in ("arrived_ns", "lay_ns", "right")]
    + [("messages", "u8", 2), ("replies", "u8", 2), ("reply_sizes", "i8", 2)]
    + [(name, "i4") for name in ("turn", "fd", "quick", "open", "served", "watched_for_room", "drawn")],
    align=True,
)


SOCKET_ADDRESS = ctypes.c_ubyte * 16  # struct sockaddr_in
ANY_ADDRESS = ctypes.c_ubyte * 112  # struct sockaddr_un, the longest

# Fields of a record and attributes of a connection: numbers, and what is true or false.
NUMBERS = ("asked_ns", "intended_ns", "connecting_ns", "got", "unsent", "arrived_ns", "lay_ns", "right")
FLAGS = ("open", "served", "drawn")


class _Loop(ctypes.Structure):
    _fields_ = [
        ("request_size", ctypes.c_int64), ("varies", ctypes.c_int64), ("carries", ctypes.c_int64),
        ("connecting_asks", ctypes.c_int32), ("half_closes", ctypes.c_int32), ("server_closes", ctypes.c_int32),
        ("in_datagrams", ctypes.c_int32),
        ("epoll", ctypes.c_int32), ("again", ctypes.c_int32),
        ("clients", ctypes.c_void_p), ("by_fd", ctypes.c_void_p),
        ("answered_ns", ctypes.c_void_p), ("took_ns", ctypes.c_void_p), ("delayed_ns", ctypes.c_void_p),
        ("count", ctypes.c_int64), ("capacity", ctypes.c_int64),
        ("sampled", ctypes.c_void_p * 5), ("samples", ctypes.c_int64),
        ("connected_ns", ctypes.c_void_p), ("connects", ctypes.c_int64),
        ("draws", ctypes.c_char_p), ("draws_room", ctypes.c_int64), ("draw", ctypes.c_int64),
        ("stamps", ctypes.c_int64),
        ("spin_ns", ctypes.c_int64), ("awaited", ctypes.c_int64), ("asked", ctypes.c_int64),
        ("intended_ns", ctypes.c_void_p), ("planned", ctypes.c_int64), ("head", ctypes.c_int64),
        ("due", ctypes.c_int64), ("waiting", ctypes.c_int64), ("backlog", ctypes.c_int64),
        ("idle", ctypes.c_void_p), ("idle_first", ctypes.c_int64), ("idle_count", ctypes.c_int64),
        ("idle_room", ctypes.c_int64),
        ("target", ANY_ADDRESS), ("target_size", ctypes.c_int64),
        ("source", SOCKET_ADDRESS), ("source_left", ctypes.c_int64),
        ("client", ctypes.c_int64), ("event", ctypes.c_int64), ("length", ctypes.c_int64), ("error", ctypes.c_int64),
        ("event_count", ctypes.c_int64), ("event_next", ctypes.c_int64),
        ("events", ctypes.c_void_p), ("events_room", ctypes.c_int64),
        ("buffer", ctypes.c_void_p), ("buffer_room", ctypes.c_int64),
    ]  # fmt: skip


class NotCompiled(Exception):
    """There is no library that fits; the text says why and what helps."""


class CompiledLoop:
    """Serves one flood."""

    follows_ends = True

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._run = library().run
        count = len(flood.connections)
        self._clients = np.zeros(count, CLIENT)
        self._told: dict[int, tuple[Request, Request]] = {}  # each client's two, as C knows them
        for number, connection in enumerate(flood.connections):
            self._tell_requests(number, connection)
        self._numbers = {id(connection): number for number, connection in enumerate(flood.connections)}
        self._by_fd = np.full(min(os.sysconf("SC_OPEN_MAX"), MOST_DESCRIPTORS), -1, np.int32)
        self._columns = np.zeros((3, REPLIES), np.int64)
        self._sampled = np.zeros((5, REPLIES), np.int64)
        self._connects = np.zeros(REPLIES, np.int64)
        self._idle = np.zeros(count, np.int32)
        self._events = ctypes.create_string_buffer(LARGEST_EVENT * EVENTS_PER_POLL)
        self._buffer = ctypes.create_string_buffer(LARGEST_READ)
        self._loop = _Loop(
            request_size=flood.exchange.request_size,
            varies=flood.exchange.varies,
            carries=flood.exchange.connection_carries,
            connecting_asks=flood.exchange.connecting_asks,
            half_closes=flood.exchange.half_closes,
            server_closes=flood.exchange.server_closes,
            **_where(flood.target),
            in_datagrams=flood.target.transport.in_datagrams,
            epoll=flood.epoll.fileno(),
            clients=self._clients.ctypes.data,
            by_fd=self._by_fd.ctypes.data,
            answered_ns=self._columns[0].ctypes.data,
            took_ns=self._columns[1].ctypes.data,
            delayed_ns=self._columns[2].ctypes.data,
            capacity=REPLIES,
            connected_ns=self._connects.ctypes.data,
            sampled=(ctypes.c_void_p * 5)(*(column.ctypes.data for column in self._sampled)),
            stamps=flood.stamps,
            idle=self._idle.ctypes.data,
            idle_room=count,
            events=ctypes.addressof(self._events),
            events_room=EVENTS_PER_POLL,
            buffer=ctypes.addressof(self._buffer),
            buffer_room=LARGEST_READ,
        )

    def run(self, until_ns: int, breathe: Callable[[], None]) -> None:
        """Handle events until then, or until the flood is at rest; the hub breathes now and then."""
        self._hand_over()  # once: of ten thousand clients it takes some ten milliseconds
        try:
            outcome = TIME_IS_UP
            while outcome != AT_REST and (now := clock()) < until_ns:
                outcome = self._stretch(min(until_ns, now + LONGEST_STRETCH_NS))
                breathe()
        finally:
            self._take_back()

    def _stretch(self, until_ns: int) -> int:
        """Its outcome: the time is up, or the flood at rest."""
        while (outcome := int(self._run(ctypes.byref(self._loop), until_ns))) not in (TIME_IS_UP, AT_REST):
            self._take_log()
            if outcome != LOG_IS_FULL:
                self._leave_to_flood(outcome)
        return outcome

    def _leave_to_flood(self, outcome: int) -> None:
        """One connection goes to Python and back."""
        loop, flood = self._loop, self._flood
        number = loop.client
        connection = flood.connections[number]
        flood.awaited = loop.awaited
        self._take([number])
        fd_before = connection.fd
        if outcome == EVENT:
            flood.event(connection, loop.event)
        elif outcome == RECEIVED:
            flood.received(connection, ctypes.string_at(self._buffer, loop.length))
        elif outcome == BROKE:
            flood.broke(connection, OSError(loop.error, os.strerror(loop.error)))
        elif outcome == ASK:
            flood.ask(connection)
        loop.awaited = flood.awaited
        if fd_before >= 0:
            self._by_fd[fd_before] = -1
        self._give([number])
        self._hand_over_source()
        self._hand_over_idle()

    def _hand_over(self) -> None:
        loop, flood = self._loop, self._flood
        self._give(range(len(flood.connections)))
        self._hand_over_source()
        loop.again, loop.spin_ns, loop.awaited, loop.asked = flood.again, flood.spin_ns, flood.awaited, 0
        loop.draws, loop.draws_room = flood.draws, len(flood.draws)
        loop.idle_first = loop.idle_count = 0
        self._hand_over_idle()
        arrivals = flood.arrivals
        if arrivals is None:
            loop.planned = loop.head = loop.due = loop.waiting = 0
        else:
            loop.intended_ns, loop.planned = arrivals.intended_ns.ctypes.data, len(arrivals.intended_ns)
            loop.head, loop.due, loop.waiting = arrivals.head, arrivals.due, arrivals.waiting
            loop.backlog = arrivals.backlog

    def _hand_over_idle(self) -> None:
        loop, idle = self._loop, self._flood.idle
        while idle:
            place = (loop.idle_first + loop.idle_count) % loop.idle_room
            self._idle[place] = self._numbers[id(idle.popleft())]
            loop.idle_count += 1

    def _hand_over_source(self) -> None:
        """A fresh address takes Python, which gives none to two floods."""
        source = self._flood.source
        if source.on_loopback:
            self._loop.source = _ipv4(source.address or "0.0.0.0", 0)
            self._loop.source_left = source.left

    def _take_back(self) -> None:
        loop, flood = self._loop, self._flood
        self._take_log()
        self._take(range(len(flood.connections)))
        fds = self._clients["fd"]
        self._by_fd[fds[fds >= 0]] = -1
        flood.source.left = loop.source_left
        flood.awaited = loop.awaited
        flood.log.asked += loop.asked
        ring = [(loop.idle_first + step) % loop.idle_room for step in range(loop.idle_count)]
        flood.idle.extend(flood.connections[number] for number in self._idle[ring].tolist())
        if flood.arrivals is not None:
            flood.arrivals.head, flood.arrivals.due = loop.head, loop.due
            flood.arrivals.waiting = loop.waiting

    def _give(self, numbers: Sequence[int]) -> None:
        """Write what C has to know of these clients into their records."""
        records, at = self._clients, list(numbers)
        connections = [self._flood.connections[number] for number in at]
        for name in (*NUMBERS, *FLAGS, "fd", "quick"):
            records[name][at] = [getattr(connection, name) for connection in connections]
        lasts = [connection.replies_left for connection in connections]
        records["replies_left"][at] = [-1 if left == math.inf else left for left in lasts]
        records["watched_for_room"][at] = records["unsent"][at] > 0
        if self._flood.exchange.varies or self._flood.target.transport.in_datagrams:
            self._tell_new_requests(at)
        firsts = [self._told[number][0] for number in at]
        records["turn"][at] = [c.request is not first for c, first in zip(connections, firsts, strict=True)]
        for number, connection in zip(at, connections, strict=True):
            if connection.fd >= 0:
                self._by_fd[connection.fd] = number

    def _tell_new_requests(self, numbers: Sequence[int]) -> None:
        """Who has lost one asks others since; who was given another reply expects that one."""
        for number in numbers:
            connection = self._flood.connections[number]
            if {id(connection.request), id(connection.following)} != set(map(id, self._told[number])):
                self._tell_requests(number, connection)

    def _tell_requests(self, number: int, connection: Connection) -> None:
        pair = self._told[number] = connection.request, connection.following
        self._clients["messages"][number] = [_address(request.message) for request in pair]
        self._clients["replies"][number] = [_address(request.reply) for request in pair]
        self._clients["reply_sizes"][number] = [len(request.reply) for request in pair]

    def _take(self, numbers: Sequence[int]) -> None:
        """Read from their records what C did with these clients."""
        at = list(numbers)
        connections = [self._flood.connections[number] for number in at]
        for name in (*NUMBERS, *FLAGS):
            as_python = bool if name in FLAGS else int
            for connection, value in zip(connections, self._clients[name][at].tolist(), strict=True):
                setattr(connection, name, as_python(value))
        columns = (self._clients[name][at].tolist() for name in ("fd", "replies_left", "turn"))
        for number, c, fd, left, turn in zip(at, connections, *columns, strict=True):
            c.replies_left = math.inf if left < 0 else left
            if turn != (c.request is not self._told[number][0]):
                c.request, c.following = c.following, c.request
            if fd != c.fd:
                self._adopt(c, fd)

    def _adopt(self, connection: Connection, fd: int) -> None:
        """Take over the socket that C made for a client; it closed the one that Python knows."""
        flood = self._flood
        if connection.sock is not None:
            connection.sock.detach()
            if flood.by_fd.get(connection.fd) is connection:
                del flood.by_fd[connection.fd]
        connection.sock, connection.fd = None, fd
        if fd >= 0:
            target = flood.target
            connection.sock = _socket.socket(target.family, target.transport.kind | socket.SOCK_NONBLOCK, 0, fd)
            flood.by_fd[fd] = connection

    def _take_log(self) -> None:
        loop, flood = self._loop, self._flood
        answered, took, delayed = self._columns[:, : loop.count].copy()
        sampled = self._sampled[:, : loop.samples].copy()
        if flood.arrivals is None:
            delayed[:] = sampled[1] = 0
        flood.log.add(answered, took, delayed, sampled)
        flood.log.connected_ns.extend(self._connects[: loop.connects].tolist())
        loop.count = loop.samples = loop.connects = 0


def library() -> ctypes.CDLL:
    """The compiled loop. Raises NotCompiled where there is none, or it is older than its source."""
    if not LIBRARY.exists():
        raise NotCompiled("the hot loop isn't compiled (make setup does it where there is a C compiler)")
    if LIBRARY.stat().st_mtime < SOURCE.stat().st_mtime:
        raise NotCompiled("the compiled hot loop is older than its source; run make setup")
    try:
        loaded = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        raise NotCompiled(f"the compiled hot loop can't be loaded: {error}") from None
    loaded.sizes.restype = ctypes.c_int64
    if loaded.sizes() != CLIENT.itemsize << 32 | ctypes.sizeof(_Loop):
        raise NotCompiled("the compiled hot loop is laid out differently here; run make clean setup")
    loaded.run.argtypes = [ctypes.c_void_p, ctypes.c_int64]
    return loaded


def why_not() -> str:
    """Why there is no compiled loop here; nothing where there is one."""
    try:
        library()
    except NotCompiled as reason:
        return str(reason)
    return ""


def _ipv4(host: str, port: int) -> ctypes.Array[ctypes.c_ubyte]:
    """The structure that the kernel wants."""
    return SOCKET_ADDRESS(*struct.pack("=H", socket.AF_INET), *struct.pack(">H", port), *socket.inet_aton(host))


def _where(target: Target) -> dict[str, object]:
    """Where the loop connects to, and the bytes of that; nothing where Python does."""
    if target.transport.in_datagrams or target.family == socket.AF_INET6:
        return {}
    if target.family == socket.AF_UNIX:
        written = struct.pack("=H", socket.AF_UNIX) + os.fsencode(target.host) + b"\0"
    else:
        written = bytes(_ipv4(target.host, target.port))
    return {"target": ANY_ADDRESS(*written), "target_size": len(written)}


def _address(message: bytes) -> int:
    return ctypes.cast(ctypes.c_char_p(message), ctypes.c_void_p).value or 0
