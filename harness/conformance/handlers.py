"""Handlers: a message is answered when its handler is done, which takes the time or CPU time that was asked for."""

import socket
import time

from harness.accounts import proctree
from harness.conformance.client import Nonconformance, Target, asked, exchange, same, untried
from harness.processes.server import Server

TOLD_US = 20_000  # long beside what a timer or a call takes, and short enough to be tried a few times
TRIES = 5
EARLY = 0.94  # of a wait: some timers count whole milliseconds, and end one too early
# Of a computation: an iteration takes more than twice as long at one moment as at another, and nobody knows whether it
# was counted at the slow or at the fast one.
LESS_WORK = 0.25


def settings(handler: str, iterations_per_ms: float) -> dict[str, object]:
    """What a server is told that is tried."""
    iterations = round(iterations_per_ms * TOLD_US / 1000) if handler == "computes" else 0
    return {"handler": handler, "handler_us": TOLD_US, "iterations": iterations}


def failures(server: Server, target: Target, handler: str) -> list[str]:
    """A line if the handler isn't done when the message is answered, or does less than it was told."""
    try:
        before_s = proctree.usage(server.pid).cpu_s
        with target.connect() as sock:
            took_s = min(_took_s(sock, number) for number in range(TRIES))
        cpu_s = (proctree.usage(server.pid).cpu_s - before_s) / TRIES
    except Nonconformance as failure:
        return [f"handler that {handler}: {failure}"]
    except OSError as error:
        return [untried(f"handler that {handler}", error)]
    least = LESS_WORK if handler == "computes" else EARLY
    if took_s < least * TOLD_US / 1e6:
        return [
            f"handler that {handler}: a message was answered {took_s * 1e3:.1f} ms after it was sent, though its "
            f"handler takes {TOLD_US / 1e3:.0f} ms; answer when the handler is done, and let it do all that it is told"
        ]
    if handler == "computes" and cpu_s < LESS_WORK * TOLD_US / 1e6:
        return [
            f"handler that computes: a message cost {cpu_s * 1e3:.1f} ms of CPU time, though its handler takes "
            f"{TOLD_US / 1e3:.0f} ms of it; make all the iterations that it is told"
        ]
    return []


def _took_s(sock: socket.socket, number: int) -> float:
    message = asked(number, 64)
    began = time.monotonic()
    same(message, exchange(sock, message, len(message)))
    return time.monotonic() - began
