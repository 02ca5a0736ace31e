"""echo: the stream comes back as it went."""

from harness.conformance.client import (
    CROWD,
    HUGE,
    Target,
    crowd_of,
    exchange,
    message_of,
    same,
    send_reset,
    send_slowly,
    stuff,
)


def one_message(target: Target) -> None:
    """A message comes back."""
    _echoes(target, message_of(64))


def one_byte_at_a_time(target: Target) -> None:
    """A message sent in segments of one byte comes back."""
    message = message_of(24)
    with target.connect() as sock:
        received = send_slowly(sock, message)
        same(message, received + exchange(sock, b"", len(message) - len(received)))


def several_in_one_segment(target: Target) -> None:
    """Messages that arrive together all come back."""
    _echoes(target, b"".join(message_of(size) for size in (11, 64, 300, 12, 1000)))


def many_segments(target: Target) -> None:
    """A message in many pieces, one of them ending between CR and LF, comes back."""
    message = message_of(65536)
    with target.connect() as sock:
        received = b""
        for start in range(0, len(message) - 1, 1057):
            received += exchange(sock, message[start : min(start + 1057, len(message) - 1)], 0)
        same(message, received + exchange(sock, message[-1:], len(message) - len(received)))


def huge_message(target: Target) -> None:
    """A message of 16 MiB comes back, while the client sends and reads at the same time."""
    _echoes(target, message_of(HUGE))


def half_close(target: Target) -> None:
    """After the client's half-close it still gets all that it is owed, an unended line too, then the end."""
    stream = message_of(50_000) + message_of(64) + b"no end of line"
    with target.connect() as sock:
        same(stream, exchange(sock, stream, half_close=True))


def reset(target: Target) -> None:
    """Clients that reset in the middle of a message, or of its reply, do no harm to the next."""
    for stream in (b"", b"half a mess", message_of(64), message_of(200_000)):
        with target.connect() as sock:
            exchange(sock, stream, 0)
            send_reset(sock)
        _echoes(target, message_of(64))
    _echoes(target, message_of(64))  # who was served beside the last reset proves nothing yet


def crowd(target: Target) -> None:
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


def never_crossed(target: Target) -> None:
    """Clients that talk all at the same time get their own replies, in order, and nobody else's."""
    rounds = range(5)
    with crowd_of(target, 1 if target.one_at_a_time else 20) as clients:
        for turn in rounds:
            said = [message_of(2000 + 100 * turn + number) for number in range(len(clients))]
            for sock, message in zip(clients, said, strict=True):
                exchange(sock, message, 0)
            for sock, message in zip(clients, said, strict=True):
                same(message, exchange(sock, b"", len(message)))


def silent_client(target: Target) -> None:
    """A client that connects and says nothing holds up nobody (or, one at a time, only until it leaves)."""
    with target.connect() as silent, target.connect() as other:
        message = message_of(64)
        if target.one_at_a_time:
            silent.close()
        same(message, exchange(other, message, len(message)))


def never_reads(target: Target) -> None:
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


def _echoes(target: Target, stream: bytes) -> None:
    with target.connect() as sock:
        same(stream, exchange(sock, stream, len(stream)))


CASES = (
    one_message,
    one_byte_at_a_time,
    several_in_one_segment,
    many_segments,
    half_close,
    silent_client,
    reset,
    never_crossed,
    crowd,
    huge_message,
    never_reads,
)
