"""Several CPUs: a parent that accepts and hands each connection to the next of its workers, a loop in each.

Mechanism: that of epoll in --workers processes; the parent passes a connection's descriptor through a socket pair
(SCM_RIGHTS), so that a worker reads from it where others accept.
Cost: that of epoll, and a process each; for a connection two more system calls and the parent's waking up. In return
each worker gets as many as the others, but for one that is stuck: its turn goes to the next when its pair is full.
"""

import select
import socket
from collections import deque

from servers.children import Children
from servers.contract import Complaint, Door, Options, counted, ready, run
from servers.readiness.epoll_loop import Loop
from servers.workers.doors import DescriptorReceiver


def serve(listener: socket.socket, options: Options) -> None:
    children, complain, workers = Children(), Complaint(), deque[socket.socket]()
    for _ in range(options.own.workers):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        workers.append(ours)
        children.start(lambda theirs=theirs: work([listener, *workers], theirs, options))  # type: ignore[misc]
        theirs.close()
    ready(listener)
    door = Door(listener)
    while True:
        client = door.accept()
        if client is None:
            continue
        try:
            with client:  # the parent's copy; the worker gets its own
                hand_over(client, workers)
        except OSError as error:
            complain(f"a connection could not be handed over: {error.strerror}")


def hand_over(client: socket.socket, workers: deque[socket.socket]) -> None:
    """To the next worker that has room; if none has, the others wait at the listener until there is one."""
    while True:
        for _ in range(len(workers)):
            workers.rotate(-1)
            try:
                socket.send_fds(workers[-1], [b"1"], [client.fileno()])
            except BlockingIOError:
                continue
            return
        select.select((), workers, ())


def work(parents: list[socket.socket], theirs: socket.socket, options: Options) -> None:
    """A worker, which has an epoll object of its own, and lets go of what is its parent's."""
    for one in parents:
        one.close()
    DescriptorReceiver.family = parents[0].family
    Loop(theirs, options, DescriptorReceiver).run()


if __name__ == "__main__":
    run(serve, __doc__, counted("--workers", 4, 64, "processes that serve"), says_ready=True, unix=True)
