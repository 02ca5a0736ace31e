"""The load generator's ceiling: how fast it asks here when the server costs next to nothing.

That server never sleeps. One that rests after each reply must be woken by the next request, and the one who sends it
pays for that: against such a server the load generator is slower than against a busy one.
"""

import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.config import Strategy
from harness.doctor import sampling
from harness.processes.stage import Stage

SOURCE = Path(__file__).with_name("echo_server.c")
POINTS = ((1, 64), (16, 64), (100, 64), (500, 64), (100, 1024), (100, 16384))  # clients, bytes
HEAD_S, COUNTED_S = 0.1, 1.0  # the load generator isn't held for longer
POINT_S = 1.5  # with connecting
FULL = 0.95  # of its CPU: a load generator that uses less waits for something else


class NotBuilt(Exception):
    """The server in C can't be built; the text says why."""


@dataclass(frozen=True)
class Point:
    clients: int
    message_size: int  # bytes
    requests_per_second: float
    lower_bound: bool  # the load generator had time left: it may reach more


def measure(
    stage: Stage,
    compiler: str,
    folder: Path,
    tell: Callable[[float, str], None],
    points: tuple[tuple[int, int], ...] = POINTS,
    counted_s: float = COUNTED_S,
) -> list[Point]:
    """The ceiling at each point; `tell` hears the seconds that are done.

    Raises NotBuilt, ServerFailed or LoaderFailed.
    """
    program = build(compiler, folder)
    bare = Strategy(name="bare", command=shlex.quote(str(program)), cwd=folder)
    found = []
    with stage.started({bare.name: bare}) as servers:
        for index, (clients, size) in enumerate(points):
            tell(index * POINT_S, f"ceiling of the load generator: {size} B, {clients} client{'s' * (clients > 1)}")
            with sampling.connected(stage, servers, clients, size):
                observed = sampling.window(stage, servers[bare.name], HEAD_S, counted_s)
            share = observed["loader_cpu_s"] / observed["loader_wall_s"]
            rate = observed["requests"] / observed["counted_s"]
            found.append(Point(clients, size, round(rate, 1), lower_bound=share < FULL))
    return found


def build(compiler: str, folder: Path) -> Path:
    """The path of the program. Raises NotBuilt."""
    program = folder / "echo_server"
    built = subprocess.run(
        [*shlex.split(compiler), "-O2", "-DAWAKE", "-o", str(program), str(SOURCE)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        words = built.stderr.strip().splitlines() or ["it says nothing"]
        raise NotBuilt(f"{compiler} fails: {words[-1]}")
    return program
