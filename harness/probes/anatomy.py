"""What a request is made of: the system calls of its server, and the code that somebody wrote for it.

System calls are counted by strace, which must be there and may attach. It slows the server down, so that more requests
wait at each look than in earnest: of several clients the calls are an estimate, of one they are exact. The code is
that of the strategy's own file, without the contract's and libraries'.
"""

import ast
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from harness.config import Strategy
from harness.probes.form import Row, Scene
from harness.processes import session
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
CODE = "its code"
CROWDS = {"1 client": 1, "10 clients at once": 10}
REQUESTS = 200  # of all clients
MESSAGE = b"x" * 62 + b"\r\n"
PATIENCE_S = 10.0
STEP_S = 0.005


def rows(scene: Scene) -> Iterator[Row]:
    """Of each strategy; once, as neither changes from time to time."""
    strace = shutil.which("strace")
    for label, strategy in scene.strategies.items():
        for case, clients in CROWDS.items():
            try:
                if strace is None:
                    raise ServerFailed("strace is missing; install it (apt-get install strace)")
                counts = _counted(scene, label, strategy, clients, strace)
            except (ServerFailed, OSError) as failure:
                yield Row("anatomy", case, "system_calls", None, "calls/request", label, failure=str(failure))
                continue
            yield Row("anatomy", case, "system_calls", sum(counts.values()) / REQUESTS, "calls/request", label)
            for name, count in counts.items():
                yield Row("anatomy", case, name, count / REQUESTS, "calls/request", label)
        yield from _written(label, strategy)


def _counted(scene: Scene, label: str, strategy: Strategy, clients: int, strace: str) -> dict[str, int]:
    """System calls by kind while all requests are answered, the most frequent first. Raises ServerFailed, OSError."""
    if "echo" not in strategy.services:
        raise ServerFailed("it offers no service echo")
    if not strategy.serves_all(clients):
        raise ServerFailed(f"it serves {strategy.serves} at a time")
    with Stage(scene.config, scene.watchdog, scene.logs, server_cpus=scene.server_cpus) as stage, ExitStack() as crowd:
        server = stage.start(f"anatomy-{label}", strategy, scene.config.settings("echo"))
        stage.wait_ready(server)
        address = (server.endpoint.host, server.endpoint.port)
        socks = [crowd.enter_context(socket.create_connection(address, PATIENCE_S)) for _ in range(clients)]
        _ask(socks)  # who serves them is there then
        return _traced(server, socks, strace, scene.logs / f"anatomy-{label}.strace")


def _ask(socks: list[socket.socket]) -> None:
    """A request of each, all sent before the first reply is read."""
    for sock in socks:
        sock.sendall(MESSAGE)
    for sock in socks:
        missing = len(MESSAGE)
        while missing:
            data = sock.recv(missing)
            if not data:
                raise ServerFailed("it ended a client's connection")
            missing -= len(data)


def _traced(server: Server, socks: list[socket.socket], strace: str, told: Path) -> dict[str, int]:
    pids = session.members(server.pid)
    log = told.with_suffix(".err")
    command = [strace, "-f", "-c", "-o", str(told), *(word for pid in pids for word in ("-p", str(pid)))]
    with open(log, "wb") as err:
        tracing = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=err, stderr=err)
    try:
        _wait_until_attached(tracing, pids, log)
        for _ in range(REQUESTS // len(socks)):
            _ask(socks)
    finally:
        tracing.send_signal(signal.SIGINT)
        try:
            tracing.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            tracing.kill()
            tracing.wait()
    return summary(told.read_text(encoding="utf-8"))


def _wait_until_attached(tracing: subprocess.Popen[bytes], pids: list[int], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while log.read_text(errors="replace").count(" attached") < len(pids):
        if tracing.poll() is not None or time.monotonic() > deadline:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise ServerFailed(f"strace can't attach: {lines[-1] if lines else 'it says nothing'}")
        time.sleep(STEP_S)


def summary(text: str) -> dict[str, int]:
    """The counts of `strace -c`, by system call, the most frequent first."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        words = line.split()
        # % time, seconds, usecs/call, calls, perhaps errors, the call
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":
            found[words[-1]] = found.get(words[-1], 0) + int(words[3])
    return dict(sorted(found.items(), key=lambda call: -call[1]))


def _written(label: str, strategy: Strategy) -> Iterator[Row]:
    path = own_file(strategy)
    if path is None:
        why = "its command names no Python module that can be found"
        yield Row("anatomy", CODE, "statements", None, "statements", label, failure=why)
        return
    for figure, count in measures(path).items():
        yield Row("anatomy", CODE, figure, count, figure, label)


def own_file(strategy: Strategy) -> Path | None:
    """The file of the module that its command starts, or of the script; None where that is no Python of a file."""
    words = shlex.split(strategy.command)
    if "-m" in words[:-1]:
        path = Path(words[words.index("-m") + 1].replace(".", os.sep) + ".py")
    else:
        path = next((Path(word) for word in words if word.endswith(".py")), Path())
    found = next((folder / path for folder in (strategy.cwd, ROOT) if (folder / path).is_file()), None)
    return found if found and found.suffix == ".py" else None


def measures(path: Path) -> dict[str, int]:
    """Statements, names and definitions as Python's own parser sees them; branches and tokens by lizard."""
    import lizard  # a moment to load, and only needed here

    tree = ast.parse(path.read_text(encoding="utf-8"))
    counted = lizard.analyze_file(str(path))
    branches = sum(function.cyclomatic_complexity - 1 for function in counted.function_list)
    return {
        "statements": sum(isinstance(node, ast.stmt) and not _is_docstring(node) for node in ast.walk(tree)),
        "branches": branches,
        "names": len(set(_names(tree))),
        "functions": len(counted.function_list),
        "tokens": counted.token_count,
    }


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _names(tree: ast.AST) -> Iterator[str]:
    """What a reader of it has to keep in mind: variables, attributes, arguments, functions, classes, imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
