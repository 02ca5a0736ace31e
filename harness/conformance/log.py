"""log: swallow, then a receipt."""

from harness.conformance.client import (
    CROWD,
    HUGE,
    Target,
    beside_the_silent,
    crowd_of,
    exchange,
    in_turn,
    message_of,
    outlives_resets,
    same,
    send_slowly,
)


def one_message(target: Target) -> None:
    """The receipt of a message, after the half-close."""
    _receipt(target, message_of(64))


def nothing(target: Target) -> None:
    """A client that says nothing and half-closes gets a receipt for 0 bytes."""
    _receipt(target, b"")


def several_in_one_segment(target: Target) -> None:
    """The receipt counts every byte, line ends and an unended last line too."""
    _receipt(target, b"".join(message_of(size) for size in (11, 64, 300)) + b"no end of line")


def one_byte_at_a_time(target: Target) -> None:
    """Segments of one byte are counted."""
    message = message_of(24)
    with target.connect() as sock:
        send_slowly(sock, message)
        same(b"24\r\n", exchange(sock, b"", half_close=True))


def huge_message(target: Target) -> None:
    """16 MiB are counted."""
    _receipt(target, message_of(HUGE))


def reset(target: Target) -> None:
    """Clients that reset in the middle of a message do no harm to the next."""
    outlives_resets(target, (b"", b"half a mess", message_of(200_000)), one_message)


def silent_client(target: Target) -> None:
    """Clients that connect and say nothing hold up nobody (or, as many as it serves at a time, until one leaves)."""
    with beside_the_silent(target) as other:
        same(b"64\r\n", exchange(other, message_of(64), half_close=True))


def crowd(target: Target) -> None:
    """300 clients at once get each their own count."""
    with crowd_of(target, CROWD) as clients:
        for served in in_turn(target, list(enumerate(clients, 64))):
            for size, sock in served:
                exchange(sock, message_of(size), 0)
            for size, sock in served:
                same(b"%d\r\n" % size, exchange(sock, b"", half_close=True))


def _receipt(target: Target, stream: bytes) -> None:
    with target.connect() as sock:
        same(b"%d\r\n" % len(stream), exchange(sock, stream, half_close=True))


CASES = (
    one_message,
    nothing,
    one_byte_at_a_time,
    several_in_one_segment,
    silent_client,
    reset,
    crowd,
    huge_message,
)
