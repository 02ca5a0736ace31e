"""Several CPUs: forked workers with a listener each on one port (SO_REUSEPORT), a loop in each.

Mechanism: that of epoll in --workers processes; the kernel picks a listener for each connection, by a hash of
its addresses.
Cost: that of epoll, and a process each. Only the worker that gets a connection is woken for it; by chance some get
more than others, and who waits at a busy one isn't taken by an idle one.
"""

import socket

from servers.children import Children
from servers.contract import Options, Parser, number, run
from servers.readiness.epoll_loop import Loop


def serve(listener: socket.socket, options: Options) -> None:
    children = Children()
    for own in (listener, *options.siblings):
        children.start(lambda own=own: work(own, options))  # type: ignore[misc]
    children.wait()


def work(listener: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options).run()


def siblings(options: Options) -> int:
    return int(options.own.workers) - 1


def add_options(parser: Parser) -> None:
    parser.add_argument("--workers", type=number(1, 64), default=4, help="processes that serve (default: %(default)s)")


if __name__ == "__main__":
    run(serve, __doc__, add_options, siblings)
