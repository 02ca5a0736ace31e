"""greet: the greeting, then the end."""

from harness.conformance.client import CROWD, Target, crowd_of, exchange, outlives_resets, same

GREETING = b"Thank you for connecting\r\n"


def one(target: Target) -> None:
    """The greeting, nothing else, then the end."""
    with target.connect() as sock:
        same(GREETING, exchange(sock, b""))


def in_a_row(target: Target) -> None:
    """300 clients, one after the other."""
    for _ in range(CROWD):
        one(target)


def crowd(target: Target) -> None:
    """300 clients at once."""
    with crowd_of(target, CROWD) as clients:
        for sock in clients:
            same(GREETING, exchange(sock, b""))


def reset(target: Target) -> None:
    """Clients that leave before they have read do no harm to the next."""
    outlives_resets(target, [b""] * 20, one)


CASES = (
    one,
    reset,
    in_a_row,
    crowd,
)
