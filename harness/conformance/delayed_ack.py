"""Whether a reply waits for the client's delayed ACK, as one in parts does where TCP_NODELAY is off."""

import socket
import time
from collections.abc import Callable

from harness.conformance.client import Nonconformance, Target

# The kernel holds an ACK back for 40 ms. A reply that was late so many times, and once not where the ACK came at once,
# waited for it: on a busy machine both are late.
LATE_S, TRIES = 0.03, 5


def must_not_wait_for_it(target: Target, get: Callable[[socket.socket, bool], object]) -> None:
    """Raises Nonconformance if a reply does. `get` asks for one, whose parts are acknowledged at once if told."""
    delayed_s, prompt_s = [], []
    with target.connect() as sock:
        for _ in range(TRIES):
            delayed_s.append(_took_s(sock, get, at_once=False))
            if delayed_s[-1] < LATE_S:
                return
            prompt_s.append(_took_s(sock, get, at_once=True))
    if min(delayed_s) - min(prompt_s) > LATE_S:
        raise Nonconformance(
            "TCP_NODELAY on every connection",
            f"replies that wait {min(delayed_s) * 1e3:.0f} ms for the client's delayed ACK, {TRIES} times of {TRIES}, "
            f"and {min(prompt_s) * 1e3:.0f} ms where it comes at once; set TCP_NODELAY",
        )


def acknowledge(sock: socket.socket, at_once: bool) -> None:
    """Have what comes acknowledged at once, which doesn't last; or when the kernel sees fit."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, at_once)


def _took_s(sock: socket.socket, get: Callable[[socket.socket, bool], object], at_once: bool) -> float:
    began = time.monotonic()
    acknowledge(sock, at_once)
    get(sock, at_once)
    return time.monotonic() - began
