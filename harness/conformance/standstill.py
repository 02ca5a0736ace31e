"""A server is stopped and continued in the middle of a conversation, as a run does around each of its windows."""

import time

from harness.conformance.client import Nonconformance, Target, exchange, message_of, same, untried
from harness.conformance.greet import GREETING
from harness.processes import freezing
from harness.processes.server import Server, ServerFailed

STOPS = 3  # one of them finds it waiting
PAUSE_S = 0.01  # in which it gets to wait again
OBITUARY_S = 1.0  # its clients see that it dies before the kernel says so
MESSAGE = message_of(64)
# what a client says before the first stop, what it says while the server stands still, what it hears then
TALKS = {
    "echo": (MESSAGE[:20], MESSAGE[20:], MESSAGE),
    "log": (MESSAGE[:20], MESSAGE[20:], b"64\r\n"),
    "greet": (b"", b"", GREETING),
}


def failures(server: Server, target: Target, service: str) -> list[str]:
    """A line if it doesn't go on with its service as if nothing had happened, or if that can't be tried."""
    early, late, reply = (b"", MESSAGE, MESSAGE) if target.endpoint.in_datagrams else TALKS[service]
    try:
        with target.connect() as sock:
            exchange(sock, early, 0)
            for _ in range(STOPS):
                time.sleep(PAUSE_S)
                freezing.freeze(server.pid)
                freezing.thaw(server.pid)
            same(reply, exchange(sock, late, len(reply), half_close=service == "log"))
    except Nonconformance as failure:
        return [f"stands-still: after SIGSTOP and SIGCONT {_death(server) or failure}"]
    except OSError as error:
        return [untried("stands-still", error)]
    return []


def _death(server: Server) -> str:
    """How it died of it, and what helps; empty if it lives."""
    deadline = time.monotonic() + OBITUARY_S
    while time.monotonic() < deadline:
        try:
            server.raise_if_dead()
        except ServerFailed as death:
            return f"it {death}; let it call again what was interrupted (EINTR), such as epoll_wait"
        time.sleep(PAUSE_S)
    return ""
