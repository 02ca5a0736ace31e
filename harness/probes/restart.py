"""How long a server that was stopped leaves its port to nobody.

Who closes a connection first keeps it in TIME_WAIT, for 60 seconds on Linux, and there is no option for that. While a
server's port has such connections, only who sets SO_REUSEADDR may bind it. So the server is had to close first, it is
stopped, and its port is bound: with the option, without, and by the server itself, started anew. The control is a
server whose clients close first: TIME_WAIT is theirs then, at a port that nobody wants.

It can be begun long before its rows are asked for: in between a thread tries a bind now and then.
"""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from harness.config import Strategy
from harness.probes.form import Finish, Row, Scene
from harness.processes import sockets
from harness.processes.server import ServerFailed
from harness.processes.stage import Stage

STEP_S = 0.25  # between two tries
LIMIT_S = 90.0  # after which it is given up; TIME_WAIT lasts 60
HEARD_S = 5.0  # for a greeting
WITH, WITHOUT, ITSELF = "with SO_REUSEADDR", "without", "the server started anew"
NO_GREETING = "it offers no service greet, in which the server closes first"
CONTROL = "without, where clients close first"


@dataclass
class Port:
    """One that a server has left. What became of it is known when `seconds` is."""

    case: str
    strategy: str
    block: int
    number: int = 0
    reuse: bool = False
    left_at: float = 0.0
    seconds: float | None = None  # from the server's end until a bind came through
    refused: int = 0  # binds before that
    failure: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def try_it(self) -> None:
        """One bind. What else than a port in use stands in the way won't go away."""
        with socket.socket() as sock:
            if self.reuse:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", self.number))
                self.seconds = time.monotonic() - self.left_at
            except OSError as error:
                self.refused += 1
                if error.errno != errno.EADDRINUSE:
                    self.failure = f"bind failed: {error.strerror}"
        if self.seconds is None and time.monotonic() - self.left_at > LIMIT_S:
            self.failure = self.failure or f"still refused after {LIMIT_S:g} s"
        if self.seconds is not None or self.failure:
            self.over.set()

    def rows(self) -> Iterator[Row]:
        told = partial(Row, "restart", self.case, strategy=self.strategy, block=self.block)
        yield told("seconds", self.seconds, "s", failure=self.failure)
        if not self.failure and self.case != ITSELF:
            yield told("refused", self.refused, "binds")


def begin(scene: Scene) -> Finish:
    """Have servers leave their ports, and try those that may take long in a thread."""
    ports: list[Port] = []
    with Stage(scene.config, scene.watchdog, scene.logs, server_cpus=scene.server_cpus) as stage:
        for label, strategy in scene.strategies.items():
            if "greet" not in strategy.services:
                ports.append(Port(WITHOUT, label, 0, failure=NO_GREETING))
                ports[-1].over.set()
                continue
            for block in range(scene.blocks):
                ports += _left(stage, label, strategy, block)
    waiting = [port for port in ports if not port.over.is_set()]
    threading.Thread(target=_try_until_over, args=(waiting,), daemon=True).start()

    def finish() -> Iterator[Row]:
        for port in ports:
            while not port.over.wait(STEP_S):  # in steps, so that Ctrl-C is heard
                continue
            yield from port.rows()

    return finish


def _try_until_over(ports: list[Port]) -> None:
    while waiting := [port for port in ports if not port.over.is_set()]:
        for port in waiting:
            port.try_it()
        time.sleep(STEP_S)


def _left(stage: Stage, label: str, strategy: Strategy, block: int) -> list[Port]:
    """The ports of two servers, one of which closed first; those that can be bound at once are over."""
    made = [Port(case, label, block, reuse=case == WITH) for case in (WITH, ITSELF, WITHOUT, CONTROL)]
    first, itself, without, control = made
    try:
        _leave(stage, label, strategy, "greet", made[:3])
        if not sockets.time_wait(without.number):
            raise ServerFailed("it left no connection in TIME_WAIT, so it didn't close first")
        first.try_it()
        itself.seconds = _started_anew(stage, label, strategy, itself)
        itself.over.set()
        _leave(stage, label, strategy, "echo" if "echo" in strategy.services else "log", [control])
        control.try_it()
    except (ServerFailed, OSError) as failure:
        for port in made:
            if port.seconds is None:
                port.failure = str(failure)
                port.over.set()
    return made


def _leave(stage: Stage, label: str, strategy: Strategy, service: str, ports: list[Port]) -> None:
    """Start a server, be its client once, stop it. In greet it closes first, in the others the client does."""
    server = stage.start(f"restart-{label}", strategy, stage.config.settings(service))
    try:
        stage.wait_ready(server)
        number = server.endpoint.port
        with socket.create_connection(("127.0.0.1", number), timeout=HEARD_S) as client:
            if service == "greet":
                while client.recv(4096):
                    continue
            else:
                client.sendall(b"hello\r\n")
                if service == "echo":
                    client.recv(4096)
    finally:
        stage.stop(server.key)
    for port in ports:
        port.number, port.left_at = number, time.monotonic()


def _started_anew(stage: Stage, label: str, strategy: Strategy, port: Port) -> float:
    """Seconds until the server listens again on its port; its interpreter's start is in it."""
    settings: dict[str, object] = {**stage.config.settings("greet"), "port": port.number}
    try:
        server = stage.start(f"restart-{label}", strategy, settings)
        stage.wait_ready(server)
        return time.monotonic() - port.left_at
    finally:
        stage.stop_servers()
