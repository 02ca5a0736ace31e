"""Several CPUs: threads with a listener each on one port (SO_REUSEPORT), a loop in each.

Mechanism: that of epoll in --workers threads; the kernel picks a listener for each connection, by a hash of its
addresses.
Cost: that of epoll, and a thread each; the GIL lets one of them at a time do more than wait, so that other CPUs
help with system calls alone, unless the interpreter is built without it. By chance some get more clients than others.
"""

import socket

from servers.contract import Door, Options, counted, ready, reuseport_listeners, run
from servers.listening import ONE_LISTENER
from servers.readiness import epoll_loop
from servers.readiness.epoll_loop import Loop
from servers.threads import start, telling, wait
from servers.workers.doors import told


def serve(listener: socket.socket, options: Options) -> None:
    for number, own in enumerate(reuseport_listeners(listener, options, options.own.workers)):
        start(lambda own=own, number=number: work(own, options, number))  # type: ignore[misc]
    ready(listener)
    wait()


def work(listener: socket.socket, options: Options, number: int) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options, told(Door, number, options.own.tells)).run()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    """The kernel picks a socket for each sender, by a hash of its address."""
    for own in reuseport_listeners(sock, options, options.own.workers):
        start(lambda own=own: epoll_loop.serve_datagrams(own, options))  # type: ignore[misc]
    ready(sock)
    wait()


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        telling(counted("--workers", 4, 64, "threads that serve")),
        says_ready=True,
        datagrams=serve_datagrams,
        lacks=ONE_LISTENER,
    )
