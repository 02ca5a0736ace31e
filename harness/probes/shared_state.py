"""Which servers lose updates of what their clients share: a number, to which each message adds by read, pause, write.

The servers are those of servers/counting.py, one a way of serving clients. Their clients are real ones, all at once.
What all of them have asked for, less what the server says at the end to another, is lost. Who was told just its own
count, by a server that says nought to the other, counts alone: its state is shared with nobody.
"""

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from harness.config import Strategy
from harness.probes.form import Row, Scene
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage

CLIENTS, UPDATES = 8, 100
TIMEOUT_S = 10.0
COMMAND = "{{python}} -m servers.counting {{options}} --kind {kind}"
# Who serves a client, and the option of servers/counting.py that says so.
KINDS = {
    "threads without a lock": "threads",
    "threads with a lock": "locked",
    "forks": "forks",
    "a loop": "loop",
    "coroutines that wait between": "coroutines",
}


def rows(scene: Scene) -> Iterator[Row]:
    """Of each way of serving, each block."""
    ours = {case: Strategy(command=COMMAND.format(kind=kind), name=kind) for case, kind in KINDS.items()}
    yield from tried(scene, ours)


def tried(scene: Scene, servers: Mapping[str, Strategy]) -> Iterator[Row]:
    """The rows of these servers, by what each is a case of; they speak as servers/counting.py does."""
    for block in range(scene.blocks):
        for case, strategy in servers.items():
            told = partial(Row, "shared_state", case, block=block)
            try:
                number, last = _asked(scene, strategy)
            except (ServerFailed, OSError, ValueError) as failure:
                why = " ".join(str(failure).split()) or type(failure).__name__
                yield told("lost", None, "updates", failure=why)
                continue
            yield told("asked", CLIENTS * UPDATES, "updates")
            yield told("lost", CLIENTS * UPDATES - number, "updates")
            alone = sum(own == UPDATES for own in last) if number == 0 else 0
            yield told("alone", alone, "clients")


def _asked(scene: Scene, strategy: Strategy) -> tuple[int, list[int]]:
    """The number in the end, and what each client was told last: who counts alone is told what itself has asked for."""
    with Stage(scene.config, scene.watchdog, scene.logs, server_cpus=scene.server_cpus) as stage:
        server = stage.start(f"counting-{strategy.name}", strategy, scene.config.settings("echo"))
        stage.wait_ready(server)
        together = Barrier(CLIENTS, timeout=TIMEOUT_S)

        def client(_: int) -> int:
            with socket.create_connection((server.endpoint.host, server.endpoint.port), timeout=TIMEOUT_S) as sock:
                together.wait()
                return _last(sock, b"+", UPDATES)

        with ThreadPoolExecutor(CLIENTS) as pool:
            last = list(pool.map(client, range(CLIENTS)))
        with socket.create_connection((server.endpoint.host, server.endpoint.port), timeout=TIMEOUT_S) as sock:
            return _last(sock, b"?", 1), last


def _last(sock: socket.socket, message: bytes, times: int) -> int:
    """The last reply to so many messages, each sent when the one before is answered. Raises ValueError, OSError."""
    with sock.makefile("rb") as replies:
        for _ in range(times):
            sock.sendall(message + b"\r\n")
            told = replies.readline()
    return int(told)
