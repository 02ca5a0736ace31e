"""echo: the stream comes back as it went."""

import socket
import time

from harness.conformance import delayed_ack
from harness.conformance.client import (
    CHUNK,
    CROWD,
    HUGE,
    Nonconformance,
    Target,
    asked,
    beside_the_silent,
    crowd_of,
    exchange,
    heard,
    in_turn,
    message_of,
    outlives_resets,
    same,
    send_slowly,
    stuff,
)

TALKERS, MESSAGES, TALK_S = 30, 4000, 2.0


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
    streams = b"", b"half a mess", message_of(64), message_of(200_000)
    outlives_resets(target, streams, one_message)


def crowd(target: Target) -> None:
    """300 clients connected at once are all served."""
    with crowd_of(target, CROWD) as clients:
        said = [(sock, message_of(64 + number)) for number, sock in enumerate(clients)]
        for served in in_turn(target, said):
            for sock, message in served:
                exchange(sock, message, 0)
            for sock, message in reversed(served):
                same(message, exchange(sock, b"", len(message)))
                sock.close()


def never_crossed(target: Target) -> None:
    """Clients that talk all at the same time get their own replies, in order, and nobody else's."""
    rounds = range(5)
    with crowd_of(target, target.at_once(20)) as clients:
        for turn in rounds:
            said = [message_of(2000 + 100 * turn + number) for number in range(len(clients))]
            for sock, message in zip(clients, said, strict=True):
                exchange(sock, message, 0)
            for sock, message in zip(clients, said, strict=True):
                same(message, exchange(sock, b"", len(message)))


def never_altered(target: Target) -> None:
    """Thousands of messages of many clients at the same time come back as they were, each to its own client."""
    clients = target.at_once(TALKERS)
    deadline = time.monotonic() + TALK_S
    with crowd_of(target, clients) as socks:
        for turn in range(MESSAGES // clients):
            said = [asked(turn * clients + number, 64) for number in range(clients)]
            for sock, message in zip(socks, said, strict=True):
                exchange(sock, message, 0)
            for sock, message in zip(socks, said, strict=True):
                reply = exchange(sock, b"", len(message))
                if reply != message:
                    seen = f"a corrupt reply, {reply[:9]!r}, after {turn * clients:,} right ones"
                    is_crossed = any(reply == asked(other, 64) for other in range((turn + 1) * clients))
                    raise Nonconformance(f"{message[:9]!r}", seen + ": it is another message's" * is_crossed)
            if time.monotonic() > deadline:  # a slow one isn't asked for all
                break


def never_early(target: Target) -> None:
    """A message of 16 MiB is answered with what was sent of it, not from its head while the rest is still to come."""
    message = asked(0, HUGE)
    sent, received = 0, b""
    with target.connect() as sock:
        for end in (CHUNK, HUGE // 2, HUGE - 1):
            received += exchange(sock, message[sent:end], 0)
            sent = end
            received += heard(sock, sent - len(received))
            if len(received) > sent:
                raise Nonconformance(
                    f"at most the {sent:,} bytes that were sent so far", f"an early reply: {len(received):,}"
                )
        same(message, received + exchange(sock, message[sent:], len(message) - len(received)))


def no_delay(target: Target) -> None:
    """A reply in parts doesn't wait for the client's delayed ACK: TCP_NODELAY is on."""
    delayed_ack.must_not_wait_for_it(target, _two_echoes)


def _two_echoes(sock: socket.socket, at_once: bool) -> None:
    stream = asked(0, 64) + asked(1, 64)
    received = exchange(sock, stream, 1)
    while len(received) < len(stream):
        if at_once:
            delayed_ack.acknowledge(sock, at_once)
        part = exchange(sock, b"", 1)
        if not part:
            break
        received += part
    same(stream, received)


def silent_client(target: Target) -> None:
    """Clients that connect and say nothing hold up nobody (or, as many as it serves at a time, until one leaves)."""
    message = message_of(64)
    with beside_the_silent(target) as other:
        same(message, exchange(other, message, len(message)))


def never_reads(target: Target) -> None:
    """From a client that takes no replies the server stops reading; it serves others; and loses nothing."""
    message = message_of(4096)
    block = message * 64
    with target.connect(buffer=65536) as sock:
        sent = stuff(sock, block)
        if target.serves != 1:
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
    never_early,
    no_delay,
    never_crossed,
    never_altered,
    crowd,
    huge_message,
    never_reads,
)
