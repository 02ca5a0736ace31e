"""Several CPUs: forked workers with a listener each on one port (SO_REUSEPORT), a loop in each.

Mechanism: that of epoll in --workers processes; the kernel picks a listener for each connection, by a hash of
its addresses.
Cost: that of epoll, and a process each. Only the worker that gets a connection is woken for it; by chance some get
more than others, and who waits at a busy one isn't taken by an idle one.
"""

import socket

from servers.children import Children
from servers.contract import Options, counted, ready, reuseport_listeners, run
from servers.listening import ONE_LISTENER
from servers.readiness import epoll_loop
from servers.readiness.epoll_loop import Loop


def serve(listener: socket.socket, options: Options) -> None:
    children = Children()
    for own in reuseport_listeners(listener, options, options.own.workers):
        children.start(lambda own=own: work(own, options))  # type: ignore[misc]
    ready(listener)
    children.wait()


def work(listener: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options).run()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    """The kernel picks a socket for each sender, by a hash of its address."""
    children = Children()
    for own in reuseport_listeners(sock, options, options.own.workers):
        children.start(lambda own=own: epoll_loop.serve_datagrams(own, options))  # type: ignore[misc]
    ready(sock)
    children.wait()


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        counted("--workers", 4, 64, "processes that serve"),
        says_ready=True,
        datagrams=serve_datagrams,
        lacks=ONE_LISTENER,
    )
