"""Who lets others wait for a client that sends in fits and spurts: a byte every 10 ms, message after message.

It comes first and is answered once, so that it is being served. Others come after it, ask once each, and are to be
answered meanwhile. Who isn't is held up; and by that client, if the reply comes once it has left.
"""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from harness.config import Strategy
from harness.probes.form import Row, Scene
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage

CASES = ("beside a dribbler",)
OTHERS = 5  # clients
STEP_S = 0.01  # from byte to byte
PATIENCE_S = 2.0  # of the others: many times what a reply takes on a busy machine
LIMIT_S = 10.0  # for a reply that nobody holds up
MESSAGE = b"00000000 in fits and spurts\r\n"
NO_ECHO = "it offers no service echo, whose messages are answered one by one"


def rows(scene: Scene) -> Iterator[Row]:
    """Of each strategy, each block."""
    for label, strategy in scene.strategies.items():
        for block in range(scene.blocks if "echo" in strategy.services else 1):
            yield from _tried(scene, label, strategy, block)


def _tried(scene: Scene, label: str, strategy: Strategy, block: int) -> Iterator[Row]:
    told = partial(Row, "dribbler", CASES[0], strategy=label, block=block)
    try:
        if "echo" not in strategy.services:
            raise ServerFailed(NO_ECHO)
        with Stage(scene.config, scene.watchdog, scene.logs, server_cpus=scene.server_cpus) as stage:
            server = stage.start(f"dribbler-{label}", strategy, scene.config.settings("echo"))
            stage.wait_ready(server)
            held_up = _held_up(server.endpoint.port)
    except (ServerFailed, OSError) as failure:
        yield told("held_up", None, failure=str(failure))
        return
    yield told("asked", OTHERS, "clients")
    yield told("held_up", held_up, "clients")


def _held_up(port: int) -> int:
    """How many of the others have no reply while the dribbler is there. Raises ServerFailed if they never have."""
    with ExitStack() as stack:
        dribbler, *others = (
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S))
            for _ in range(1 + OTHERS)
        )
        dribbler.sendall(MESSAGE)
        _hear(dribbler)
        for other in others:
            other.sendall(MESSAGE)
        waiting = _waiting(dribbler, others)
        dribbler.close()
        for other in others:  # in the order of their coming, as each may wait for the one before to leave
            if other in waiting:
                _hear(other)
            other.close()
        return len(waiting)


def _waiting(dribbler: socket.socket, others: Sequence[socket.socket]) -> list[socket.socket]:
    """Who of the others has no reply when their patience is at its end, while the dribbler goes on."""
    waiting, sent = list(others), 0
    deadline = time.monotonic() + PATIENCE_S
    while waiting and time.monotonic() < deadline:
        dribbler.sendall(MESSAGE[sent % len(MESSAGE) :][:1])
        sent += 1
        if sent % len(MESSAGE) == 0:
            _hear(dribbler)
        byte_s = time.monotonic() + STEP_S
        while waiting and (left_s := byte_s - time.monotonic()) > 0:
            for other in select.select(waiting, (), (), left_s)[0]:
                _hear(other)
                waiting.remove(other)
    return waiting


def _hear(client: socket.socket) -> None:
    """Take in a reply. Raises ServerFailed where it isn't what was said, or none comes."""
    heard = b""
    try:
        while len(heard) < len(MESSAGE) and (data := client.recv(len(MESSAGE) - len(heard))):
            heard += data
    except TimeoutError:
        raise ServerFailed(f"gave no reply within {LIMIT_S:g} s, though nobody was in the way") from None
    if heard != MESSAGE:
        raise ServerFailed(f"replied {heard!r} to {MESSAGE!r}")
