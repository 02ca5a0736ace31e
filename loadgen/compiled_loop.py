"""hot_loop.c in Python's service: the same loop at a fraction of the CPU time, where it was compiled.

Connections belong to one side at a time. `run` hands the quick ones over, takes one back whenever the C code comes
upon something it leaves to the flood, and takes all back at its end.
"""

import ctypes
import os
from pathlib import Path

import numpy as np

from loadgen.connection import Connection
from loadgen.flood import EVENTS_PER_POLL, LARGEST_READ, Flood

LIBRARY = Path(__file__).with_name("hot_loop.so")
SOURCE = LIBRARY.with_suffix(".c")
REPLIES = 1 << 16  # that a stretch has room for before Python takes them
MOST_DESCRIPTORS = 1 << 20
LARGEST_EVENT = 16  # bytes of struct epoll_event; 12 where it is packed

TIME_IS_UP, AT_REST, LOG_IS_FULL, EVENT, RECEIVED, BROKE, PARTLY_SENT, ASK = range(8)  # `enum outcome` of the source

CLIENT = np.dtype(
    [("asked_ns", "i8"), ("intended_ns", "i8"), ("got", "i8"), ("messages", "u8", 2), ("replies", "u8", 2)]
    + [(name, "i4") for name in ("turn", "fd", "quick", "open", "served")],
    align=True,
)


class _Loop(ctypes.Structure):
    _fields_ = [
        ("message_size", ctypes.c_int64), ("reply_size", ctypes.c_int64),
        ("epoll", ctypes.c_int32), ("again", ctypes.c_int32),
        ("clients", ctypes.c_void_p), ("by_fd", ctypes.c_void_p),
        ("answered_ns", ctypes.c_void_p), ("took_ns", ctypes.c_void_p), ("delayed_ns", ctypes.c_void_p),
        ("count", ctypes.c_int64), ("capacity", ctypes.c_int64),
        ("audited_ns", ctypes.c_void_p), ("arrival_ns", ctypes.c_void_p), ("audits", ctypes.c_int64),
        ("audit_every", ctypes.c_int64), ("audit_left", ctypes.c_int64),
        ("spin_ns", ctypes.c_int64), ("awaited", ctypes.c_int64), ("asked", ctypes.c_int64),
        ("intended_ns", ctypes.c_void_p), ("planned", ctypes.c_int64), ("head", ctypes.c_int64),
        ("due", ctypes.c_int64), ("waiting", ctypes.c_int64), ("backlog", ctypes.c_int64),
        ("idle", ctypes.c_void_p), ("idle_first", ctypes.c_int64), ("idle_count", ctypes.c_int64),
        ("idle_room", ctypes.c_int64),
        ("client", ctypes.c_int64), ("event", ctypes.c_int64), ("length", ctypes.c_int64), ("error", ctypes.c_int64),
        ("event_count", ctypes.c_int64), ("event_next", ctypes.c_int64),
        ("events", ctypes.c_void_p), ("events_room", ctypes.c_int64),
        ("buffer", ctypes.c_void_p), ("buffer_room", ctypes.c_int64),
    ]  # fmt: skip


class NotCompiled(Exception):
    """There is no library that fits; the text says why and what helps."""


class CompiledLoop:
    """Serves one flood: persistent connections only, as all others leave the hot path with each request."""

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._run = library().run
        count = len(flood.connections)
        self._clients = np.zeros(count, CLIENT)
        pairs = [(connection.request, connection.following) for connection in flood.connections]
        for column, part in (("messages", "message"), ("replies", "reply")):
            addresses = [[_address(getattr(request, part)) for request in pair] for pair in pairs]
            self._clients[column] = np.array(addresses, np.uint64).reshape(-1, 2)
        self._first = [first for first, _ in pairs]
        self._numbers = {id(connection): number for number, connection in enumerate(flood.connections)}
        self._by_fd = np.full(min(os.sysconf("SC_OPEN_MAX"), MOST_DESCRIPTORS), -1, np.int32)
        self._columns = np.zeros((3, REPLIES), np.int64)
        self._audits = np.zeros((2, REPLIES), np.int64)
        self._idle = np.zeros(count, np.int32)
        self._events = ctypes.create_string_buffer(LARGEST_EVENT * EVENTS_PER_POLL)
        self._buffer = ctypes.create_string_buffer(LARGEST_READ)
        self._loop = _Loop(
            message_size=flood.exchange.message_size,
            reply_size=flood.exchange.reply_size,
            epoll=flood.epoll.fileno(),
            clients=self._clients.ctypes.data,
            by_fd=self._by_fd.ctypes.data,
            answered_ns=self._columns[0].ctypes.data,
            took_ns=self._columns[1].ctypes.data,
            delayed_ns=self._columns[2].ctypes.data,
            capacity=REPLIES,
            audited_ns=self._audits[0].ctypes.data,
            arrival_ns=self._audits[1].ctypes.data,
            audit_every=flood.audit_every,
            audit_left=flood.audit_every,
            idle=self._idle.ctypes.data,
            idle_room=count,
            events=ctypes.addressof(self._events),
            events_room=EVENTS_PER_POLL,
            buffer=ctypes.addressof(self._buffer),
            buffer_room=LARGEST_READ,
        )

    def run(self, until_ns: int) -> None:
        """Handle events until then, or until the flood is at rest."""
        self._hand_over()
        try:
            while (outcome := self._run(ctypes.byref(self._loop), until_ns)) not in (TIME_IS_UP, AT_REST):
                self._take_log()
                if outcome != LOG_IS_FULL:
                    self._leave_to_flood(outcome)
        finally:
            self._take_back()

    def _leave_to_flood(self, outcome: int) -> None:
        """One connection goes to Python and back."""
        loop, flood = self._loop, self._flood
        number = loop.client
        connection = flood.connections[number]
        record = self._clients[number]
        fd_before = connection.fd
        flood.awaited = loop.awaited
        self._fetch(connection, number)
        if outcome == EVENT:
            flood.event(connection, loop.event)
        elif outcome == RECEIVED:
            flood.received(connection, ctypes.string_at(self._buffer, loop.length))
        elif outcome == BROKE:
            flood.broke(connection, OSError(loop.error, os.strerror(loop.error)))
        elif outcome == PARTLY_SENT:
            connection.unsent = loop.message_size
            flood.sent(connection, loop.length)
        elif outcome == ASK:
            flood.ask(connection)
        loop.awaited = flood.awaited
        if fd_before >= 0:
            self._by_fd[fd_before] = -1
        if connection.fd >= 0:
            self._by_fd[connection.fd] = number
        record["asked_ns"], record["intended_ns"] = connection.asked_ns, connection.intended_ns
        record["got"], record["fd"] = connection.got, connection.fd
        record["quick"], record["open"], record["served"] = connection.quick, connection.open, connection.served
        record["turn"] = connection.request is not self._first[number]
        self._hand_over_idle()

    def _hand_over(self) -> None:
        loop, clients, flood = self._loop, self._clients, self._flood
        connections = flood.connections
        clients["asked_ns"] = [connection.asked_ns for connection in connections]
        clients["intended_ns"] = [connection.intended_ns for connection in connections]
        clients["got"] = [connection.got for connection in connections]
        clients["fd"] = fds = np.array([connection.fd for connection in connections], np.int32)
        clients["quick"] = [connection.quick for connection in connections]
        clients["open"] = [connection.open for connection in connections]
        clients["served"] = [connection.served for connection in connections]
        clients["turn"] = [
            connection.request is not first for connection, first in zip(connections, self._first, strict=True)
        ]
        self._by_fd[fds[fds >= 0]] = np.flatnonzero(fds >= 0)
        loop.again, loop.spin_ns, loop.awaited, loop.asked = flood.again, flood.spin_ns, flood.awaited, 0
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

    def _take_back(self) -> None:
        loop, clients, flood = self._loop, self._clients, self._flood
        self._take_log()
        names = ("asked_ns", "intended_ns", "got", "open", "served", "turn")
        columns = [clients[name].tolist() for name in names]
        for connection, first, asked_ns, intended_ns, got, is_open, served, turn in zip(
            flood.connections, self._first, *columns, strict=True
        ):
            connection.asked_ns, connection.intended_ns = asked_ns, intended_ns
            connection.got, connection.open, connection.served = got, bool(is_open), bool(served)
            if turn != (connection.request is not first):
                connection.request, connection.following = connection.following, connection.request
        fds = clients["fd"]
        self._by_fd[fds[fds >= 0]] = -1
        flood.awaited = loop.awaited
        flood.log.asked += loop.asked
        ring = [(loop.idle_first + step) % loop.idle_room for step in range(loop.idle_count)]
        flood.idle.extend(flood.connections[number] for number in self._idle[ring].tolist())
        if flood.arrivals is not None:
            flood.arrivals.head, flood.arrivals.due = loop.head, loop.due
            flood.arrivals.waiting = loop.waiting

    def _fetch(self, connection: Connection, number: int) -> None:
        record = self._clients[number]
        connection.asked_ns, connection.intended_ns = int(record["asked_ns"]), int(record["intended_ns"])
        connection.got, connection.open = int(record["got"]), bool(record["open"])
        connection.served = bool(record["served"])
        if bool(record["turn"]) != (connection.request is not self._first[number]):
            connection.request, connection.following = connection.following, connection.request

    def _take_log(self) -> None:
        loop, flood = self._loop, self._flood
        if loop.count:
            answered, took, delayed = self._columns[:, : loop.count].copy()
            flood.log.add(answered, took, delayed if flood.arrivals is not None else np.zeros_like(took))
        audited_ns, arrival_ns = self._audits[:, : loop.audits].tolist()
        flood.log.audited_ns.extend(audited_ns)
        flood.log.arrival_ns.extend(arrival_ns)
        loop.count = loop.audits = 0


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


def _address(message: bytes) -> int:
    return ctypes.cast(ctypes.c_char_p(message), ctypes.c_void_p).value or 0
