"""Several CPUs: threads with one listener, a loop and an interpreter of its own in each.

Mechanism: that of thread-loops; from Python 3.12 on an interpreter has a GIL of its own, so that all threads can run
at the same time.
Cost: that of epoll, and a thread each with its own copy of every module; they share nothing but descriptors.
"""

import importlib
import os
import socket
import sys
from types import ModuleType

from servers.contract import Options, cannot_start, counted, parse, ready, run
from servers.readiness.epoll_loop import Loop
from servers.threads import start, telling, wait
from servers.workers.doors import SharedDoor, told

# The modules behind PEP 734, which is public from Python 3.14 on.
MODULES = {(3, 13): "_interpreters", (3, 12): "_xxsubinterpreters"}
add_options = telling(counted("--workers", 4, 64, "interpreters that serve"))

# What a new interpreter carries out. It can be told texts and numbers, so it reads the options anew.
SCRIPT = """
import sys
sys.path, sys.argv = path.split("\\0"), argv.split("\\0")
from servers.workers.subinterpreters import work
work(listener, number, begun)
"""


def interpreters() -> ModuleType:
    name = next((name for version, name in MODULES.items() if sys.version_info >= version), None)
    if name is None:
        cannot_start("needs interpreters that have a GIL each, as Python 3.12 or newer has them; name one as a variant")
    return importlib.import_module(name)


def serve(listener: socket.socket, options: Options) -> None:
    heard, begun = os.pipe()
    for number in range(options.own.workers):
        start(lambda number=number: interpret(listener, number, begun))  # type: ignore[misc]
    for _ in range(options.own.workers):
        os.read(heard, 1)  # until it has imported all that it needs: that takes descriptors
    ready(listener)
    wait()


def interpret(listener: socket.socket, number: int, begun: int) -> None:
    """In a thread: an interpreter, which says how it ended."""
    here: dict[str, str | int] = {"path": "\0".join(sys.path), "argv": "\0".join(sys.argv)}
    here |= {"listener": listener.fileno(), "number": number, "begun": begun}
    module = interpreters()
    print(module.run_string(module.create(), SCRIPT, here), file=sys.stderr, flush=True)


def work(descriptor: int, number: int, begun: int) -> None:
    """In the new interpreter, which has an epoll object of its own. It says through a pipe when it has begun."""
    listener = socket.socket(fileno=descriptor)
    options = parse(None, add_options)
    loop = Loop(listener, options, told(SharedDoor, number, options.own.tells))
    os.write(begun, b".")
    loop.run()


if __name__ == "__main__":
    interpreters()
    run(serve, __doc__, add_options, says_ready=True, unix=True)
