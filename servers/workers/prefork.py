"""Several CPUs: forked workers with one listener, a loop in each.

Mechanism: that of epoll in --workers processes; all of them wait at the listener, and who comes first takes all
who have come.
Cost: that of epoll, and a process each. A connection wakes every idle worker for the one that gets it, and nobody
sees to it that each gets as many.
"""

import socket

from servers.children import Children
from servers.contract import Options, Parser, number, run
from servers.readiness.epoll_loop import Loop


def serve(listener: socket.socket, options: Options) -> None:
    children = Children()
    for _ in range(options.own.workers):
        children.start(lambda: work(listener, options))
    children.wait()


def work(listener: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own."""
    Loop(listener, options).run()


def add_options(parser: Parser) -> None:
    parser.add_argument("--workers", type=number(1, 64), default=4, help="processes that serve (default: %(default)s)")


if __name__ == "__main__":
    run(serve, __doc__, add_options)
