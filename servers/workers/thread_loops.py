"""Several CPUs: threads with one listener, a loop in each.

Mechanism: that of epoll in --workers threads; all of them wait at the listener, and each that is woken takes one
connection at a time.
Cost: that of epoll, and a thread each; the GIL lets one of them at a time do more than wait, so that other CPUs
help with system calls alone, unless the interpreter is built without it.
"""

import socket

from servers.contract import Options, counted, ready, run
from servers.readiness import epoll_loop
from servers.readiness.epoll_loop import Loop
from servers.threads import start, telling, wait
from servers.workers.doors import SharedDoor, told


def serve(listener: socket.socket, options: Options) -> None:
    for number in range(options.own.workers):
        start(lambda number=number: work(listener, options, number))  # type: ignore[misc]
    ready(listener)
    wait()


def work(listener: socket.socket, options: Options, number: int) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options, told(SharedDoor, number, options.own.tells)).run()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    """All wait at one socket: who is woken and finds nothing waits again."""
    for _ in range(options.own.workers):
        start(lambda: epoll_loop.serve_datagrams(sock, options))
    ready(sock)
    wait()


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        telling(counted("--workers", 4, 64, "threads that serve")),
        says_ready=True,
        datagrams=serve_datagrams,
        unix=True,
    )
