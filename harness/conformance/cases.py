"""What a server must do to be worth measuring, as cases over real sockets.

A case drives the server as clients would, and raises `Nonconformance` with what it expected and what it saw.
It sees the socket alone, so bounded memory means here: the server stops reading from a client that takes no
replies. Only that case waits, for STALL_S; a server that hangs costs DEADLINE_S a case.
The rules that servers are held to are in servers/README.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.conformance.client import (
    Nonconformance,
    Target,
    TimedOut,
    crowd_of,
    exchange,
    message_of,
    reset,
    same,
    send_slowly,
    stuff,
)

GREETING = b"Thank you for connecting\r\n"
CROWD = 300  # connections at once
HUGE = 16 * 2**20  # bytes in the largest message


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[[Target], None]  # raises Nonconformance

    @property
    def description(self) -> str:
        return " ".join((self.run.__doc__ or "").split())


def of_service(service: str) -> list[Case]:
    """The cases of a service, the simplest first. Raises KeyError for an unknown service."""
    return [Case(run.__name__.split("_", 1)[1].replace("_", "-"), run) for run in SUITES[service]]


def failures(target: Target, service: str) -> list[str]:
    """One line for each case that the server fails; none means that it conforms."""
    found = []
    patience = 2  # a server that hangs once may answer in the next case; one that hangs twice costs too much time
    for case in of_service(service):
        if not patience:
            found.append("the rest: not tried, as it does not answer")
            break
        try:
            case.run(target)
        except Nonconformance as failure:
            found.append(f"{case.name}: {failure}")
            patience -= isinstance(failure, TimedOut)
        except OSError as error:  # our own side, such as too few descriptors
            found.append(f"{case.name}: could not be tried: {error.strerror or error}")
    return found


# --- echo: the stream comes back as it went ---------------------------------------------------------------


def echo_one_message(target: Target) -> None:
    """A message comes back."""
    _echoes(target, message_of(64))


def echo_one_byte_at_a_time(target: Target) -> None:
    """A message sent in segments of one byte comes back."""
    message = message_of(24)
    with target.connect() as sock:
        received = send_slowly(sock, message)
        same(message, received + exchange(sock, b"", len(message) - len(received)))


def echo_several_in_one_segment(target: Target) -> None:
    """Messages that arrive together all come back."""
    _echoes(target, b"".join(message_of(size) for size in (11, 64, 300, 12, 1000)))


def echo_many_segments(target: Target) -> None:
    """A message in many pieces, one of them ending between CR and LF, comes back."""
    message = message_of(65536)
    with target.connect() as sock:
        received = b""
        for start in range(0, len(message) - 1, 1057):
            received += exchange(sock, message[start : min(start + 1057, len(message) - 1)], 0)
        same(message, received + exchange(sock, message[-1:], len(message) - len(received)))


def echo_huge_message(target: Target) -> None:
    """A message of 16 MiB comes back, while the client sends and reads at the same time."""
    _echoes(target, message_of(HUGE))


def echo_half_close(target: Target) -> None:
    """After the client's half-close it still gets all that it is owed, an unended line too, then the end."""
    stream = message_of(50_000) + message_of(64) + b"no end of line"
    with target.connect() as sock:
        same(stream, exchange(sock, stream, half_close=True))


def echo_reset(target: Target) -> None:
    """Clients that reset in the middle of a message, or of its reply, do no harm to the next."""
    for stream in (b"", b"half a mess", message_of(64), message_of(200_000)):
        with target.connect() as sock:
            exchange(sock, stream, 0)
            reset(sock)
        _echoes(target, message_of(64))
    _echoes(target, message_of(64))  # who was served beside the last reset proves nothing yet


def echo_crowd(target: Target) -> None:
    """300 clients connected at once are all served."""
    with crowd_of(target, CROWD) as clients:
        messages = [message_of(64 + number) for number in range(CROWD)]
        if target.one_at_a_time:
            for sock, message in zip(clients, messages, strict=True):
                same(message, exchange(sock, message, len(message)))
                sock.close()
            return
        for sock, message in zip(clients, messages, strict=True):
            exchange(sock, message, 0)
        for sock, message in reversed(list(zip(clients, messages, strict=True))):
            same(message, exchange(sock, b"", len(message)))


def echo_never_crossed(target: Target) -> None:
    """Clients that talk all at the same time get their own replies, in order, and nobody else's."""
    rounds = range(5)
    with crowd_of(target, 1 if target.one_at_a_time else 20) as clients:
        for turn in rounds:
            said = [message_of(2000 + 100 * turn + number) for number in range(len(clients))]
            for sock, message in zip(clients, said, strict=True):
                exchange(sock, message, 0)
            for sock, message in zip(clients, said, strict=True):
                same(message, exchange(sock, b"", len(message)))


def echo_silent_client(target: Target) -> None:
    """A client that connects and says nothing holds up nobody (or, one at a time, only until it leaves)."""
    with target.connect() as silent, target.connect() as other:
        message = message_of(64)
        if target.one_at_a_time:
            silent.close()
        same(message, exchange(other, message, len(message)))


def echo_never_reads(target: Target) -> None:
    """From a client that takes no replies the server stops reading; it serves others; and loses nothing."""
    message = message_of(4096)
    block = message * 64
    with target.connect(buffer=65536) as sock:
        sent = stuff(sock, block)
        if not target.one_at_a_time:
            _echoes(target, message_of(64))
        rest = message[sent % len(message) :] if sent % len(message) else b""
        stream = message * -(-sent // len(message))
        same(stream, exchange(sock, rest, half_close=True))


# --- greet: the greeting, then the end ---------------------------------------------------------------------


def greet_one(target: Target) -> None:
    """The greeting, nothing else, then the end."""
    with target.connect() as sock:
        same(GREETING, exchange(sock, b""))


def greet_in_a_row(target: Target) -> None:
    """300 clients, one after the other."""
    for _ in range(CROWD):
        greet_one(target)


def greet_crowd(target: Target) -> None:
    """300 clients at once."""
    with crowd_of(target, CROWD) as clients:
        for sock in clients:
            same(GREETING, exchange(sock, b""))


def greet_reset(target: Target) -> None:
    """Clients that leave before they have read do no harm to the next."""
    for _ in range(20):
        with target.connect() as sock:
            reset(sock)
        greet_one(target)
    greet_one(target)  # who was served beside the last reset proves nothing yet


# --- log: swallow, then a receipt ------------------------------------------------------------------------


def log_one_message(target: Target) -> None:
    """The receipt of a message, after the half-close."""
    _receipt(target, message_of(64))


def log_nothing(target: Target) -> None:
    """A client that says nothing and half-closes gets a receipt for 0 bytes."""
    _receipt(target, b"")


def log_several_in_one_segment(target: Target) -> None:
    """The receipt counts every byte, line ends and an unended last line too."""
    _receipt(target, b"".join(message_of(size) for size in (11, 64, 300)) + b"no end of line")


def log_one_byte_at_a_time(target: Target) -> None:
    """Segments of one byte are counted."""
    message = message_of(24)
    with target.connect() as sock:
        send_slowly(sock, message)
        same(b"24\r\n", exchange(sock, b"", half_close=True))


def log_huge_message(target: Target) -> None:
    """16 MiB are counted."""
    _receipt(target, message_of(HUGE))


def log_reset(target: Target) -> None:
    """Clients that reset in the middle of a message do no harm to the next."""
    for stream in (b"", b"half a mess", message_of(200_000)):
        with target.connect() as sock:
            exchange(sock, stream, 0)
            reset(sock)
        _receipt(target, message_of(64))
    _receipt(target, message_of(64))  # who was served beside the last reset proves nothing yet


def log_silent_client(target: Target) -> None:
    """A client that connects and says nothing holds up nobody (or, one at a time, only until it leaves)."""
    with target.connect() as silent, target.connect() as other:
        if target.one_at_a_time:
            silent.close()
        same(b"64\r\n", exchange(other, message_of(64), half_close=True))


def log_crowd(target: Target) -> None:
    """300 clients at once get each their own count."""
    with crowd_of(target, CROWD) as clients:
        if not target.one_at_a_time:
            for number, sock in enumerate(clients):
                exchange(sock, message_of(64 + number), 0)
        for number, sock in enumerate(clients):
            last = message_of(64 + number) if target.one_at_a_time else b""
            same(b"%d\r\n" % (64 + number), exchange(sock, last, half_close=True))


def _echoes(target: Target, stream: bytes) -> None:
    with target.connect() as sock:
        same(stream, exchange(sock, stream, len(stream)))


def _receipt(target: Target, stream: bytes) -> None:
    with target.connect() as sock:
        same(b"%d\r\n" % len(stream), exchange(sock, stream, half_close=True))


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
