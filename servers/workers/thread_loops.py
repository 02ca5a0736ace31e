"""Several CPUs: threads with one listener, a loop in each.

Mechanism: that of epoll in --workers threads; all of them wait at the listener, and each that is woken takes one
connection at a time.
Cost: that of epoll, and a thread each; the GIL lets one of them at a time do more than wait, so that other CPUs
help with system calls alone, unless the interpreter is built without it.
"""

import socket

from servers.contract import Options, counted, ready, run
from servers.readiness.epoll_loop import Loop
from servers.threads import start, wait
from servers.workers.doors import SharedDoor


def serve(listener: socket.socket, options: Options) -> None:
    for _ in range(options.own.workers):
        start(lambda: work(listener, options))
    ready(listener)
    wait()


def work(listener: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options, SharedDoor).run()


if __name__ == "__main__":
    run(serve, __doc__, counted("--workers", 4, 64, "threads that serve"), says_ready=True)
