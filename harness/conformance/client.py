"""A client that talks to a server byte by byte, as well or as badly as a case of the conformance suite wants.

Nothing here knows a service; whatever goes wrong is a `Nonconformance`, and nothing takes longer than DEADLINE_S.
"""

import contextlib
import errno
import functools
import ipaddress
import random
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from harness.processes.endpoint import Endpoint

CROWD = 300  # connections at once, of one server
HUGE = 16 * 2**20  # bytes in the largest message
UNREAD_LIMIT = 64 * 2**20  # bytes a server may take in from a client that reads nothing, kernel's buffers included
DEADLINE_S = 10.0  # for one exchange with a server, however busy the machine is
STALL_S = 0.15  # a server that takes no byte for so long has stopped reading
QUIET_S = 0.03  # who has sent nothing for so long waits for more
CHUNK = 2**18

NO_ROOM = "no room in it for one more connection; pass {backlog} to listen()"

T = TypeVar("T")
Drive = Callable[["Target"], None]  # clients of a server, such as a case has them; raises Nonconformance

HOME = "127.0.0.1"
IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)


def fresh_address() -> str:
    """One such as the load generator's clients come from: each server is connected to from one of its own."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


class Nonconformance(Exception):
    """A server did something else than the contract says."""

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, saw {seen}")


class TimedOut(Nonconformance):
    """Nothing came within DEADLINE_S."""


@dataclass(frozen=True)
class Target:
    """A listening server."""

    endpoint: Endpoint
    serves: int | None = None  # clients at a time, by design, in the order of their coming; None: all
    carries: int | None = None  # requests after which it ends a connection, by design; None: it doesn't
    source: str = field(default_factory=fresh_address)  # the address that its clients come from, on IPv4's loopback

    @property
    def has_source(self) -> bool:
        """Whether its clients may come from addresses of their own: elsewhere they come from the one that we have."""
        return self.endpoint.family == socket.AF_INET and ipaddress.ip_address(self.endpoint.host).is_loopback

    def at_once(self, clients: int) -> int:
        """How many of so many clients are served at the same time."""
        return min(clients, self.serves or clients)

    def connect(self, buffer: int | None = None) -> socket.socket:
        """A connected, non-blocking socket; with `buffer`, one that holds few bytes on our side.

        Raises Nonconformance where the server is not there.
        """
        is_local = self.endpoint.is_local
        kind = socket.SOCK_DGRAM if self.endpoint.in_datagrams else socket.SOCK_STREAM
        sock = socket.socket(self.endpoint.family, kind)
        try:
            if buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
            if self.endpoint.transport == "tcp":
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(DEADLINE_S)
            if is_local and self.endpoint.in_datagrams:
                sock.bind("")  # the kernel finds a name, by which it is answered
            elif self.has_source:
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
                sock.bind((self.source, 0))
            sock.connect(self.endpoint.address)
        except OSError as error:
            sock.close()
            if error.errno == errno.EAGAIN:  # of a Unix socket, where TCP would try again
                raise Nonconformance("a queue as long as it was asked for", NO_ROOM) from None
            blame(error, "an open port")
        sock.setblocking(False)
        return sock


@functools.cache
def message_of(size: int) -> bytes:
    """`size` bytes that no other size shares, ending in CRLF, with no CR or LF inside."""
    letters = bytes(65 + byte % 58 for byte in range(256))
    return random.Random(size).randbytes(size - 2).translate(letters) + b"\r\n"


def asked(number: int, size: int) -> bytes:
    """A message of so many bytes as the load generator's are, which no other number has."""
    return b"%08da" % number + b"a" * (size - 11) + b"\r\n"


def exchange(sock: socket.socket, stream: bytes, replies: int | None = None, half_close: bool = False) -> bytes:
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
            left_s = deadline - time.monotonic()
            if left_s < 0 or not poller.poll(left_s * 1000):
                raise TimedOut(expected, f"{len(received)} bytes and no more for {DEADLINE_S:g} s")
            with contextlib.suppress(BlockingIOError):
                data = sock.recv(CHUNK)
                received += data
                ended = not data
    except OSError as error:
        blame(error, expected, f" after {len(received)} bytes")


def stuff(sock: socket.socket, block: bytes) -> int:
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
        blame(error, expected, f" after {sent} bytes")
    return sent


def send_slowly(sock: socket.socket, stream: bytes) -> bytes:
    """Byte by byte: the next goes out when a reply is here, or after 2 ms. Returns the replies."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    received = b""
    for at in range(len(stream)):
        received += exchange(sock, stream[at : at + 1], 0)
        if poller.poll(2):
            received += exchange(sock, b"", 1)
    return received


def heard(sock: socket.socket, limit: int) -> bytes:
    """What comes until nothing has for QUIET_S, or until it is more than so many bytes."""
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    received = bytearray()
    while len(received) <= limit and poller.poll(QUIET_S * 1000):
        part = exchange(sock, b"", 1)
        if not part:
            break
        received += part
    return bytes(received)


def send_reset(sock: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def outlives_resets(target: Target, streams: Iterable[bytes], served: Drive) -> None:
    """After a client that has said one of these and resets the next is served; raises Nonconformance if it isn't."""
    for stream in streams:
        with target.connect() as sock:
            exchange(sock, stream, 0)
            send_reset(sock)
        served(target)
    served(target)  # who was served beside the last reset proves nothing yet


@contextlib.contextmanager
def crowd_of(target: Target, size: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(target.connect()) for _ in range(size)]


@contextlib.contextmanager
def beside_the_silent(target: Target) -> Iterator[socket.socket]:
    """A client that comes after one who says nothing; or after as many as are served at a time, one of whom leaves."""
    with crowd_of(target, min(target.serves or 1, CROWD)) as silent, target.connect() as other:
        if target.serves:
            silent[0].close()
        yield other


def in_turn(target: Target, clients: Sequence[T]) -> Iterator[Sequence[T]]:
    """Clients in the order of their coming, as many as are served at the same time."""
    step = target.at_once(len(clients))
    for start in range(0, len(clients), step):
        yield clients[start : start + step]


def same(expected: bytes, seen: bytes) -> None:
    if expected == seen:
        return
    if expected.startswith(seen):
        raise Nonconformance(_shown(expected), f"the end after {len(seen)} of them" if seen else "the end")
    at = next((at for at, (a, b) in enumerate(zip(expected, seen, strict=False)) if a != b), len(expected))
    raise Nonconformance(_shown(expected), f"{_shown(seen)}, wrong from byte {at}: {seen[at : at + 20]!r}")


def _shown(stream: bytes) -> str:
    return repr(stream) if len(stream) <= 30 else f"{len(stream)} bytes"


def untried(what: str, error: OSError) -> str:
    """The line about a case where it is our own side that fails, such as for want of descriptors."""
    return f"{what}: could not be tried: {error.strerror or error}"


def blame(error: OSError, expected: str, when: str = "") -> NoReturn:
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL):
        raise error  # ours, not the server's
    if isinstance(error, TimeoutError):
        raise TimedOut(expected, f"no answer for {DEADLINE_S:g} s") from None
    raise Nonconformance(expected, f"{(error.strerror or str(error)).lower()}{when}") from None
