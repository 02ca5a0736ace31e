"""What a server must do to be worth measuring, as cases over real sockets.

A case drives the server as clients would, and raises `Nonconformance` with what it expected and what it saw.
It sees the socket alone, so bounded memory means here: the server stops reading from a client that takes no
replies. Only that case waits, for STALL_S; a server that hangs costs DEADLINE_S a case.
The rules that servers are held to are in servers/README.md.
"""

import contextlib
import errno
import functools
import random
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

GREETING = b"Thank you for connecting\r\n"
CROWD = 300  # connections at once
HUGE = 16 * 2**20  # bytes in the largest message
UNREAD_LIMIT = 64 * 2**20  # bytes a server may take in from a client that reads nothing, kernel's buffers included
DEADLINE_S = 10.0  # for one exchange with a server, however busy the machine is
STALL_S = 0.15  # a server that takes no byte for so long has stopped reading
CHUNK = 2**18


class Nonconformance(Exception):
    """A server did something else than the contract says."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, saw {seen}")


class TimedOut(Nonconformance):
    """Nothing came within DEADLINE_S."""


@dataclass(frozen=True)
class Target:
    """A listening server."""

    host: str
    port: int
    one_at_a_time: bool = False  # it serves clients in the order of their coming, by design

    def connect(self, buffer: int | None = None) -> socket.socket:
        """A connected, non-blocking socket; with `buffer`, one that holds few bytes on our side.

        Raises Nonconformance where the server is not there.
        """
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(DEADLINE_S)
            sock.connect((self.host, self.port))
        except OSError as error:
            sock.close()
            _blame(error, "an open port")
        sock.setblocking(False)
        return sock


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[[Target], None]  # raises Nonconformance

    @property
    def description(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


def cases(service: str) -> list[Case]:
    """The cases of a service, the simplest first. Raises KeyError for an unknown service."""
    return [Case(run.__name__.split("_", 1)[1].replace("_", "-"), run) for run in SUITES[service]]


def check(target: Target, service: str) -> list[str]:
    """One line for each case that the server fails; none means that it conforms."""
    failures = []
    patience = 2  # a server that hangs once may answer in the next case; one that hangs twice costs too much time
    for case in cases(service):
        if not patience:
            failures.append("the rest: not tried, as it does not answer")
            break
        try:
            case.run(target)
        except Nonconformance as failure:
            failures.append(f"{case.name}: {failure}")
            patience -= isinstance(failure, TimedOut)
        except OSError as error:  # our own side, such as too few descriptors
            failures.append(f"{case.name}: could not be tried: {error.strerror or error}")
    return failures


# --- echo: the stream comes back as it went ---------------------------------------------------------------


def echo_one_message(target: Target) -> None:
    """A message comes back."""
    _echoes(target, _message(64))


def echo_one_byte_at_a_time(target: Target) -> None:
    """A message sent in segments of one byte comes back."""
    message = _message(24)
    with target.connect() as sock:
        received = _send_slowly(sock, message)
        _same(message, received + _exchange(sock, b"", len(message) - len(received)))


def echo_several_in_one_segment(target: Target) -> None:
    """Messages that arrive together all come back."""
    _echoes(target, b"".join(_message(size) for size in (11, 64, 300, 12, 1000)))


def echo_many_segments(target: Target) -> None:
    """A message in many pieces, one of them ending between CR and LF, comes back."""
    message = _message(65536)
    with target.connect() as sock:
        received = b""
        for start in range(0, len(message) - 1, 1057):
            received += _exchange(sock, message[start : min(start + 1057, len(message) - 1)], 0)
        _same(message, received + _exchange(sock, message[-1:], len(message) - len(received)))


def echo_huge_message(target: Target) -> None:
    """A message of 16 MiB comes back, while the client sends and reads at the same time."""
    _echoes(target, _message(HUGE))


def echo_half_close(target: Target) -> None:
    """After the client's half-close it still gets all that it is owed, an unended line too, then the end."""
    stream = _message(50_000) + _message(64) + b"no end of line"
    with target.connect() as sock:
        _same(stream, _exchange(sock, stream, half_close=True))


def echo_reset(target: Target) -> None:
    """Clients that reset in the middle of a message, or of its reply, do no harm to the next."""
    for stream in (b"", b"half a mess", _message(64), _message(200_000)):
        with target.connect() as sock:
            _exchange(sock, stream, 0)
            _reset(sock)
        _echoes(target, _message(64))
    _echoes(target, _message(64))  # who was served beside the last reset proves nothing yet


def echo_crowd(target: Target) -> None:
    """300 clients connected at once are all served."""
    with _crowd(target, CROWD) as clients:
        messages = [_message(64 + number) for number in range(CROWD)]
        if target.one_at_a_time:
            for sock, message in zip(clients, messages, strict=True):
                _same(message, _exchange(sock, message, len(message)))
                sock.close()
            return
        for sock, message in zip(clients, messages, strict=True):
            _exchange(sock, message, 0)
        for sock, message in reversed(list(zip(clients, messages, strict=True))):
            _same(message, _exchange(sock, b"", len(message)))


def echo_never_crossed(target: Target) -> None:
    """Clients that talk all at the same time get their own replies, in order, and nobody else's."""
    rounds = range(5)
    with _crowd(target, 1 if target.one_at_a_time else 20) as clients:
        for turn in rounds:
            said = [_message(2000 + 100 * turn + number) for number in range(len(clients))]
            for sock, message in zip(clients, said, strict=True):
                _exchange(sock, message, 0)
            for sock, message in zip(clients, said, strict=True):
                _same(message, _exchange(sock, b"", len(message)))


def echo_silent_client(target: Target) -> None:
    """A client that connects and says nothing holds up nobody (or, one at a time, only until it leaves)."""
    with target.connect() as silent, target.connect() as other:
        message = _message(64)
        if target.one_at_a_time:
            silent.close()
        _same(message, _exchange(other, message, len(message)))


def echo_never_reads(target: Target) -> None:
    """From a client that takes no replies the server stops reading; it serves others; and loses nothing."""
    message = _message(4096)
    block = message * 64
    with target.connect(buffer=65536) as sock:
        sent = _stuff(sock, block)
        if not target.one_at_a_time:
            _echoes(target, _message(64))
        rest = message[sent % len(message) :] if sent % len(message) else b""
        stream = message * -(-sent // len(message))
        _same(stream, _exchange(sock, rest, half_close=True))


# --- greet: the greeting, then the end ---------------------------------------------------------------------


def greet_one(target: Target) -> None:
    """The greeting, nothing else, then the end."""
    with target.connect() as sock:
        _same(GREETING, _exchange(sock, b""))


def greet_in_a_row(target: Target) -> None:
    """300 clients, one after the other."""
    for _ in range(CROWD):
        greet_one(target)


def greet_crowd(target: Target) -> None:
    """300 clients at once."""
    with _crowd(target, CROWD) as clients:
        for sock in clients:
            _same(GREETING, _exchange(sock, b""))


def greet_reset(target: Target) -> None:
    """Clients that leave before they have read do no harm to the next."""
    for _ in range(20):
        with target.connect() as sock:
            _reset(sock)
        greet_one(target)
    greet_one(target)  # who was served beside the last reset proves nothing yet


# --- log: swallow, then a receipt ------------------------------------------------------------------------


def log_one_message(target: Target) -> None:
    """The receipt of a message, after the half-close."""
    _receipt(target, _message(64))


def log_nothing(target: Target) -> None:
    """A client that says nothing and half-closes gets a receipt for 0 bytes."""
    _receipt(target, b"")


def log_several_in_one_segment(target: Target) -> None:
    """The receipt counts every byte, line ends and an unended last line too."""
    _receipt(target, b"".join(_message(size) for size in (11, 64, 300)) + b"no end of line")


def log_one_byte_at_a_time(target: Target) -> None:
    """Segments of one byte are counted."""
    message = _message(24)
    with target.connect() as sock:
        _send_slowly(sock, message)
        _same(b"24\r\n", _exchange(sock, b"", half_close=True))


def log_huge_message(target: Target) -> None:
    """16 MiB are counted."""
    _receipt(target, _message(HUGE))


def log_reset(target: Target) -> None:
    """Clients that reset in the middle of a message do no harm to the next."""
    for stream in (b"", b"half a mess", _message(200_000)):
        with target.connect() as sock:
            _exchange(sock, stream, 0)
            _reset(sock)
        _receipt(target, _message(64))
    _receipt(target, _message(64))  # who was served beside the last reset proves nothing yet


def log_silent_client(target: Target) -> None:
    """A client that connects and says nothing holds up nobody (or, one at a time, only until it leaves)."""
    with target.connect() as silent, target.connect() as other:
        if target.one_at_a_time:
            silent.close()
        _same(b"64\r\n", _exchange(other, _message(64), half_close=True))


def log_crowd(target: Target) -> None:
    """300 clients at once get each their own count."""
    with _crowd(target, CROWD) as clients:
        if not target.one_at_a_time:
            for number, sock in enumerate(clients):
                _exchange(sock, _message(64 + number), 0)
        for number, sock in enumerate(clients):
            last = _message(64 + number) if target.one_at_a_time else b""
            _same(b"%d\r\n" % (64 + number), _exchange(sock, last, half_close=True))


SUITES: dict[str, tuple[Callable[[Target], None], ...]] = {
    "echo": (
        echo_one_message,
        echo_one_byte_at_a_time,
        echo_several_in_one_segment,
        echo_many_segments,
        echo_half_close,
        echo_silent_client,
        echo_reset,
        echo_never_crossed,
        echo_crowd,
        echo_huge_message,
        echo_never_reads,
    ),
    "greet": (greet_one, greet_reset, greet_in_a_row, greet_crowd),
    "log": (
        log_one_message,
        log_nothing,
        log_one_byte_at_a_time,
        log_several_in_one_segment,
        log_silent_client,
        log_reset,
        log_crowd,
        log_huge_message,
    ),
}


# --- what the cases are made of --------------------------------------------------------------------------


@functools.cache
def _message(size: int) -> bytes:
    """`size` bytes that no other size shares, ending in CRLF, with no CR or LF inside."""
    letters = bytes(65 + byte % 58 for byte in range(256))
    return random.Random(size).randbytes(size - 2).translate(letters) + b"\r\n"


def _echoes(target: Target, stream: bytes) -> None:
    with target.connect() as sock:
        _same(stream, _exchange(sock, stream, len(stream)))


def _receipt(target: Target, stream: bytes) -> None:
    with target.connect() as sock:
        _same(b"%d\r\n" % len(stream), _exchange(sock, stream, half_close=True))


def _exchange(sock: socket.socket, stream: bytes, replies: int | None = None, half_close: bool = False) -> bytes:
    """Send all of `stream`, reading at the same time; half-close then, if asked to.

    Returns what was read: at least `replies` bytes, or all up to the end, if None or if that comes first.
    """
    expected = "the server's close" if replies is None else f"{replies} bytes"
    deadline = time.monotonic() + DEADLINE_S
    unsent = memoryview(stream)
    received = bytearray()
    ended = False
    poller = select.poll()
    try:
        while True:
            if unsent:
                with contextlib.suppress(BlockingIOError):
                    unsent = unsent[sock.send(unsent[:CHUNK]) :]
            if half_close and not unsent:
                sock.shutdown(socket.SHUT_WR)
                half_close = False
            if not unsent and (ended or (replies is not None and len(received) >= replies)):
                return bytes(received)
            poller.register(sock, (0 if ended else select.POLLIN) | (select.POLLOUT if unsent else 0))
            if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimedOut(expected, f"{len(received)} bytes and no more for {DEADLINE_S:g} s")
            with contextlib.suppress(BlockingIOError):
                data = sock.recv(CHUNK)
                received += data
                ended = not data
    except OSError as error:
        _blame(error, expected, f" after {len(received)} bytes")


def _stuff(sock: socket.socket, block: bytes) -> int:
    """Send `block` over and over, reading nothing, until no more is taken; returns how many bytes were."""
    sent = 0
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    view = memoryview(block)
    expected = f"a server that stops reading, within {UNREAD_LIMIT >> 20} MiB, while its replies are not read"
    try:
        while poller.poll(STALL_S * 1000):
            sent += sock.send(view[sent % len(block) :])
            if sent > UNREAD_LIMIT:
                raise Nonconformance(expected, f"{sent >> 20} MiB taken in")
    except OSError as error:
        _blame(error, expected, f" after {sent} bytes")
    return sent


def _send_slowly(sock: socket.socket, stream: bytes) -> bytes:
    """Byte by byte: the next goes out when a reply is here, or after 2 ms. Returns the replies."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    received = b""
    for at in range(len(stream)):
        received += _exchange(sock, stream[at : at + 1], 0)
        if poller.poll(2):
            received += _exchange(sock, b"", 1)
    return received


def _reset(sock: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@contextlib.contextmanager
def _crowd(target: Target, size: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(target.connect()) for _ in range(size)]


def _same(expected: bytes, seen: bytes) -> None:
    if expected == seen:
        return
    if expected.startswith(seen):
        raise Nonconformance(_shown(expected), f"the end after {len(seen)} of them" if seen else "the end")
    at = next((at for at, (a, b) in enumerate(zip(expected, seen, strict=False)) if a != b), len(expected))
    raise Nonconformance(_shown(expected), f"{_shown(seen)}, wrong from byte {at}: {seen[at : at + 20]!r}")


def _shown(stream: bytes) -> str:
    return repr(stream) if len(stream) <= 30 else f"{len(stream)} bytes"


def _blame(error: OSError, expected: str, when: str = "") -> NoReturn:
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL):
        raise error  # ours, not the server's
    if isinstance(error, TimeoutError):
        raise TimedOut(expected, f"no answer for {DEADLINE_S:g} s") from None
    raise Nonconformance(expected, f"{(error.strerror or str(error)).lower()}{when}") from None
