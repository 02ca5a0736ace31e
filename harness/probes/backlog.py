"""What listen(n) admits: clients that connect at once to a server that doesn't accept.

So many are established as its queue has room for. What becomes of the others the kernel decides: they are refused, or
their SYN is dropped, and sent again after a while. What is established is the client's word: it doesn't know that
nobody has accepted it.
"""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from harness.probes.form import Row, Scene

BACKLOGS = (1, 5, 128)
BEYOND = 20  # clients beyond the backlog
SOON_S = 0.2  # who is to be established on loopback is
WATCHED_S = 3.5  # for a SYN that is sent again: the first time after a second on Linux
STEP_S = 0.002
RESENT = 2  # the byte of struct tcp_info that counts what was sent again (linux/tcp.h)


def rows(scene: Scene) -> Iterator[Row]:
    """Of each backlog, each block."""
    for block in range(scene.blocks):
        for backlog in BACKLOGS:
            yield from _tried(backlog, block)


def _tried(backlog: int, block: int) -> Iterator[Row]:
    told = partial(Row, "backlog", f"listen({backlog})", block=block)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        clients = [stack.enter_context(socket.socket()) for _ in range(backlog + BEYOND)]
        began = time.monotonic()
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        time.sleep(SOON_S)
        waiting = [client for client in clients if not _is_told(client)]
        refused = sum(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 for client in clients)
        established = len(clients) - len(waiting) - refused
        yield told("asked", len(clients), "connections")
        yield told("established", established, "connections")
        yield told("refused", refused, "connections")
        yield told("waiting", len(waiting), "connections")
        if waiting:
            resent_s = _resent(waiting, began)
            failure = "" if resent_s else f"no SYN was sent again within {WATCHED_S:g} s"
            yield told("resent", resent_s, "s", failure=failure)


def _is_told(client: socket.socket) -> bool:
    """Whether it is established, or has failed: it can be written to then."""
    return bool(select.select([], [client], [], 0)[1])


def _resent(waiting: list[socket.socket], began: float) -> float | None:
    """Seconds from the connects until the first of these has sent its SYN again."""
    while (passed := time.monotonic() - began) < WATCHED_S:
        if any(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RESENT + 1)[RESENT] for client in waiting):
            return passed
        time.sleep(STEP_S)
    return None
