"""Which clients have lost their connection while they asked nothing: servers close what is idle for long."""

import socket

from loadgen.connection import Connection
from loadgen.flood import Flood


def closed_while_idle(flood: Flood) -> list[Connection]:
    """Those whose connection the server has closed or reset. Whatever else has happened is left for the next window."""
    events = flood.epoll.poll(0, len(flood.by_fd) or 1)
    happened = [flood.by_fd[fd] for fd, _ in events]
    return [connection for connection in happened if not connection.open and _is_closed(connection)]


def _is_closed(connection: Connection) -> bool:
    """Whether there is nothing to be read any more."""
    assert connection.sock is not None
    try:
        return not connection.sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
