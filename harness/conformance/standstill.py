"""A server is stopped and continued in the middle of a conversation, as a run does around each of its windows."""

import socket
import time
from collections.abc import Callable

from harness.conformance import http, xmlrpc
from harness.conformance.client import Nonconformance, Target, exchange, message_of, same, untried
from harness.conformance.greet import GREETING
from harness.conformance.http_reply import ask
from harness.processes import freezing
from harness.processes.server import Server, ServerFailed

STOPS = 3  # one of them finds it waiting
PAUSE_S = 0.01  # in which it gets to wait again
OBITUARY_S = 1.0  # its clients see that it dies before the kernel says so
MESSAGE = message_of(64)
ASKED, CALLED = http.request(64), xmlrpc.call("a")
# what a client says before the first stop, and what it does after the last, which raises Nonconformance
Talk = tuple[bytes, Callable[[socket.socket], None]]
IN_DATAGRAMS: Talk = b"", lambda sock: same(MESSAGE, exchange(sock, MESSAGE, len(MESSAGE)))
TALKS: dict[str, Talk] = {
    "echo": (MESSAGE[:20], lambda sock: same(MESSAGE, exchange(sock, MESSAGE[20:], len(MESSAGE)))),
    "log": (MESSAGE[:20], lambda sock: same(b"64\r\n", exchange(sock, MESSAGE[20:], 4, half_close=True))),
    "greet": (b"", lambda sock: same(GREETING, exchange(sock, b"", len(GREETING)))),
    "http": (ASKED[:20], lambda sock: ask(sock, ASKED[20:]).must_be(http.TEXT, http.content(64))),
    "xmlrpc": (CALLED[:20], lambda sock: xmlrpc.must_return(ask(sock, CALLED[20:]), "a")),
}


def failures(server: Server, target: Target, service: str) -> list[str]:
    """A line if it doesn't go on with its service as if nothing had happened, or if that can't be tried."""
    early, finish = IN_DATAGRAMS if target.endpoint.in_datagrams else TALKS[service]
    try:
        with target.connect() as sock:
            exchange(sock, early, 0)
            for _ in range(STOPS):
                time.sleep(PAUSE_S)
                freezing.freeze(server.pid)
                freezing.thaw(server.pid)
            finish(sock)
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
