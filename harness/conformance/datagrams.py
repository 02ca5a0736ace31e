"""echo in datagrams: each comes back once, whole, to the socket that sent it."""

from harness.conformance.client import (
    QUIET_S,
    Nonconformance,
    Target,
    asked,
    crowd_of,
    exchange,
    heard,
    in_turn,
    message_of,
    same,
)

LARGEST = 65_507  # bytes: a UDP datagram has room for no more
TALKERS, TURNS = 30, 20
UNREAD = 50  # datagrams; a Unix socket's queue is shorter, and whoever waits for room in it holds up all others


def one_message(target: Target) -> None:
    """A datagram comes back as it was."""
    _echoes(target)


def sizes(target: Target) -> None:
    """Datagrams from 2 bytes to the largest come back whole, each as one."""
    with target.connect() as sock:
        for size in (2, 64, 1500, 9000, LARGEST):
            same(message_of(size), exchange(sock, message_of(size), 1))


def once(target: Target) -> None:
    """Each is answered once."""
    with target.connect() as sock:
        for number in range(TURNS):
            same(asked(number, 64), exchange(sock, asked(number, 64), 1))
        if more := heard(sock, 1):
            raise Nonconformance(f"{TURNS} answers to {TURNS} datagrams", f"one more, {more[:9]!r}, within {QUIET_S} s")


def empty(target: Target) -> None:
    """An empty datagram harms nobody, whether or not it is answered."""
    with target.connect() as sock:
        sock.send(b"")
        _echoes(target)


def never_crossed(target: Target) -> None:
    """Clients that ask at the same time get their own answers, and nobody else's."""
    with crowd_of(target, TALKERS) as socks:
        for turn in range(TURNS):
            said = [asked(turn * TALKERS + number, 64) for number in range(TALKERS)]
            for some in in_turn(target, list(zip(socks, said, strict=True))):
                for sock, message in some:
                    exchange(sock, message, 0)
                for sock, message in some:
                    same(message, exchange(sock, b"", 1))


def gone(target: Target) -> None:
    """Clients that are gone when their answer comes do no harm to the next."""
    for number in range(TURNS):
        with target.connect() as sock:
            exchange(sock, asked(number, 64), 0)
    for _ in range(2):
        _echoes(target)


def never_reads(target: Target) -> None:
    """A client that takes no answers holds up nobody else: what its queue has no room for is lost."""
    with target.connect() as sock:
        for number in range(UNREAD):
            exchange(sock, asked(number, 64), 0)
        _echoes(target)


def _echoes(target: Target) -> None:
    with target.connect() as sock:
        same(message_of(64), exchange(sock, message_of(64), 1))


CASES = (
    one_message,
    sizes,
    once,
    empty,
    never_crossed,
    gone,
    never_reads,
)
