"""Several CPUs: a parent that accepts and hands each connection to the next of its workers, a loop in each.

Mechanism: that of epoll in --workers processes; the parent passes a connection's descriptor through a socket pair
(SCM_RIGHTS), so that a worker reads from it where others accept.
Cost: that of epoll, and a process each; for a connection two more system calls and the parent's waking up. In return
each worker gets as many as the others.
"""

import itertools
import os
import socket

from servers.children import Children
from servers.contract import Complaint, Door, Options, Parser, number, run
from servers.readiness.epoll_loop import Loop


def serve(listener: socket.socket, options: Options) -> None:
    children, complain = Children(), Complaint()
    ends = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(options.own.workers)]
    for ours, theirs in ends:
        children.start(lambda ours=ours, theirs=theirs: work([listener, ours], theirs, options))  # type: ignore[misc]
    door, workers = Door(listener), itertools.cycle([ours for ours, _ in ends])
    while True:
        client = door.accept()
        if client is None:
            continue
        try:
            with client:  # the parent's copy; the worker gets its own
                socket.send_fds(next(workers), [b"1"], [client.fileno()])
        except OSError as error:
            complain(f"a connection could not be handed over: {error.strerror}")


def work(parents: list[socket.socket], theirs: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own, and lets go of what is its parent's."""
    for one in parents:
        one.close()
    loop = Loop(theirs, options)
    loop.door = Hatch(theirs)
    loop.run()


class Hatch(Door):
    """A worker's door: through it come the connections that the parent has accepted."""

    def accept(self) -> socket.socket | None:
        while True:
            try:
                word, descriptors, _, _ = socket.recv_fds(self._listener, 1, 1)
            except BlockingIOError:
                return None
            if descriptors:
                return socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, descriptors[0])
            if not word:
                os._exit(0)  # there is no parent any more
            self._complain("connection refused: Too many open files")  # the kernel has closed it


def add_options(parser: Parser) -> None:
    parser.add_argument("--workers", type=number(1, 64), default=4, help="processes that serve (default: %(default)s)")


if __name__ == "__main__":
    run(serve, __doc__, add_options)
