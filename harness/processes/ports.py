"""Ports for servers that don't choose one and say which: none that anybody else is about to get."""

import errno
import os
import random
import socket
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path

FIRST = 10_000  # below it are those of well-known services
LATELY = 256  # servers: far more than start at once
CHOSEN_BY_KERNEL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_given: deque[int] = deque(maxlen=LATELY)
_giving = threading.Lock()


def free(host: str) -> int:
    """One that nobody listens on, and that none of the last servers was given, which may not listen yet.

    Nor is it one of those that the kernel gives to clients, and to servers that let it choose: until ours listens, it
    would. Raises OSError where there is none.
    """
    with _giving:
        for port in _candidates():
            try:
                with socket.create_server((host, port)) as probe:
                    found: int = probe.getsockname()[1]
            except OSError:
                continue
            if found not in _given:
                _given.append(found)
                return found
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _candidates() -> Iterable[int]:
    """In random order; where the kernel chooses among all, what it chooses."""
    try:
        end = int(CHOSEN_BY_KERNEL.read_text().split()[0])
    except (OSError, ValueError):
        end = 0
    return random.sample(range(FIRST, end), end - FIRST) if end > FIRST + LATELY else [0] * (2 * LATELY)
