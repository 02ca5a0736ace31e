"""Which worker of a server has which of its connections: of processes the kernel knows it, threads have to say it.

A connection is told by HOST:PORT of the client's end.
"""

import re

from harness.processes import session, sockets
from harness.processes.server import Server

MARK = re.compile(rb"^WORKER (\d+) (\S+:\d+)$", re.MULTILINE)  # what a server prints of a connection, where asked to


def workers(server: Server, accepted: sockets.Accepted) -> dict[str, int]:
    """The number of the worker that has it, from 0, of each connection that is known to be at one."""
    found = _by_mark(server) if server.strategy.marks else _by_process(server, accepted)
    numbers = {worker: number for number, worker in enumerate(sorted(set(found.values())))}
    return {client: numbers[worker] for client, worker in found.items()}


def _by_mark(server: Server) -> dict[str, int]:
    """What it said last: ports are used again."""
    return {end.decode(): int(worker) for worker, end in MARK.findall(server.printed)}


def _by_process(server: Server, accepted: sockets.Accepted) -> dict[str, int]:
    """The process that alone holds it: a parent that passes connections on lets go of its own descriptors.

    Nothing where there are fewer processes than workers: threads are told apart by nobody but themselves.
    """
    members = session.members(server.pid)
    if len(members) < (server.strategy.workers or 0):
        return {}
    try:
        holders = sockets.descriptors(members)
    except PermissionError:
        return {}
    own = {client: holders.get(inode, []) for (port, client), inode in accepted.items() if port == server.endpoint.port}
    return {client: pids[0] for client, pids in own.items() if len(pids) == 1}
