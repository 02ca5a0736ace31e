"""A server that somebody else has started: where it listens is known, and of its processes nothing.

It can't be stopped, frozen or started anew, and nobody here pays for its CPU time. What can be asked of it is asked
through its socket.
"""

import errno
import socket
import time
from collections.abc import Mapping

from harness.config import Strategy
from harness.config.attach import parted
from harness.processes.endpoint import Endpoint
from harness.processes.server import Server, ServerFailed

ANSWERS_WITHIN_S = 3.0  # a connect: a packet that was lost is sent again after a second
HANDSHAKES = 15  # whose median is the network's round trip
UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)


class Attached:
    """It has of a `Server` what can be known."""

    def __init__(self, key: str, strategy: Strategy) -> None:
        self.key = key
        self.strategy = strategy
        self.endpoint = Endpoint(*parted(strategy.address))
        self.crowds: list[tuple[int, Mapping[str, object]]] = []
        self.network_round_trip_us: float | None = None  # known once it was ready

    def wait_ready(self, deadline_s: float = ANSWERS_WITHIN_S) -> None:
        """Return when connects were answered, and how long that takes is known.

        It is the time of a TCP handshake, the smallest exchange that there is: the kernels answer it, so no program of
        either side is in it. Raises ServerFailed where a connect isn't answered.
        """
        within_s = min(deadline_s, ANSWERS_WITHIN_S)
        took_s = sorted(self._handshake_s(within_s) for _ in range(HANDSHAKES))
        self.network_round_trip_us = took_s[HANDSHAKES // 2] * 1e6

    def raise_if_dead(self) -> None:
        """Whether its processes live isn't known: who gets no answer asks `raise_if_gone`."""

    def raise_if_gone(self) -> None:
        """Raises ServerFailed with the reason, if a connect isn't answered."""
        self._handshake_s(ANSWERS_WITHIN_S)

    def _handshake_s(self, within_s: float) -> float:
        with socket.socket(self.endpoint.family, socket.SOCK_STREAM) as sock:
            sock.settimeout(within_s)
            began = time.perf_counter()
            try:
                sock.connect(self.endpoint.address)
            except TimeoutError:
                raise ServerFailed(
                    f"nobody answers at {self.endpoint}: no word within {within_s:g} s; there is no such host, or "
                    "something filters that port: let it through, or correct the address"
                ) from None
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL):
                    raise  # ours
                raise ServerFailed(f"nobody answers at {self.endpoint}: {_why(error)}") from None
            return time.perf_counter() - began


def _why(error: OSError) -> str:
    said = (error.strerror or str(error)).lower()
    if error.errno == errno.ECONNREFUSED:
        return f"{said}; start the server there, or correct the port"
    if error.errno in UNREACHABLE:
        return f"{said}; see to the network, or correct the address"
    return f"{said}; correct the address"


Served = Server | Attached  # whom clients connect to
