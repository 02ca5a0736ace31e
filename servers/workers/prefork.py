"""Several CPUs: forked workers with one listener, a loop in each.

Mechanism: that of epoll in --workers processes; all of them wait at the listener, and each that is woken takes one
connection at a time.
Cost: that of epoll, and a process each. A connection wakes every idle worker for the one that gets it, and nobody
sees to it that each gets as many.
"""

import socket

from servers.children import Children
from servers.contract import Options, counted, ready, run
from servers.readiness import epoll_loop
from servers.readiness.epoll_loop import Loop
from servers.workers.doors import SharedDoor


def serve(listener: socket.socket, options: Options) -> None:
    children = Children()
    for _ in range(options.own.workers):
        children.start(lambda: work(listener, options))
    ready(listener)
    children.wait()


def work(listener: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options, SharedDoor).run()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    """All wait at one socket: who is woken and finds nothing waits again."""
    children = Children()
    for _ in range(options.own.workers):
        children.start(lambda: epoll_loop.serve_datagrams(sock, options))
    ready(sock)
    children.wait()


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        counted("--workers", 4, 64, "processes that serve"),
        says_ready=True,
        datagrams=serve_datagrams,
        unix=True,
    )
