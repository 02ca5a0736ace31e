"""The sockets that servers listen at: the one place where their settings are made, of each transport.

A library adopts such a socket, it makes none. One that can't be had is an OSError, whose text says why.
"""

import argparse
import contextlib
import errno
import os
import socket
import stat
from typing import Literal, get_args

Transport = Literal["tcp", "unix", "udp", "unix-datagram"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)
AT_PATHS: set[Transport] = {"unix", "unix-datagram"}
OF_DATAGRAMS = {"udp", "unix-datagram"}

LONGEST_PATH = 107  # bytes: unix(7) has room for 108, with the zero at the end

# What servers lack whose workers have a listener each (SO_REUSEPORT), and why.
ONE_LISTENER = dict.fromkeys(AT_PATHS, "a Unix socket's path has one listener")

_own: tuple[str, int] | None = None  # the path that this process has made, and its inode


def fault_of(given: argparse.Namespace) -> str:
    """Why these options don't go together; empty if they do."""
    option = f"--transport {given.transport}"
    if given.transport in AT_PATHS:
        if not given.path:
            return f"{option}: where? say --path, such as /tmp/server"
        if not given.path.isprintable():
            return f"{option}: --path {given.path!r} can't be told in a line; choose another"
        if given.host is not None or given.port is not None:
            return f"{option}: it listens at --path; leave --host and --port out"
    elif given.path is not None:
        return f"{option}: --path is of the Unix transports; say --transport unix, or --host and --port"
    if given.transport in OF_DATAGRAMS:
        if given.service != "echo":
            return f"{option}: the service {given.service} needs a stream; leave it out, or say --service echo"
        if given.handler != "none":
            return f"{option}: there are no handlers of datagrams; leave --handler out"
    return ""


def at_port(transport: Transport, host: str, port: int, backlog: int, shares: bool) -> socket.socket:
    is_stream = transport == "tcp"
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM)
    if is_stream:  # of datagrams SO_REUSEADDR would take the port of another server
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # On Linux accepted sockets inherit it: no strategy waits for an ACK before a small reply.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if shares:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    if is_stream:
        listener.listen(backlog)
    return listener


def remedy_at_port(error: OSError) -> str:
    """What to do where a host and a port can't be listened at."""
    if isinstance(error, socket.gaierror):
        return "--host: no such host; name an IPv4 address of this machine"
    remedies = {
        errno.EADDRNOTAVAIL: "--host: no address of this machine; name one that `ip address` lists",
        errno.EACCES: "that port is the administrator's; name a --port from 1024 on",
    }
    return remedies.get(error.errno or 0, "try another --port")


def at_path(transport: Transport, path: str, backlog: int) -> socket.socket:
    """A Unix socket at a path, which a server that has ended may have left behind."""
    global _own
    if (size := len(os.fsencode(path))) > LONGEST_PATH:
        raise OSError(f"the path has {size} bytes, and a Unix socket's at most {LONGEST_PATH}")
    _free(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if transport == "unix" else socket.SOCK_DGRAM)
    listener.bind(path)
    _own = path, os.stat(path).st_ino
    if transport == "unix":
        listener.listen(backlog)
    return listener


def remove_path() -> None:
    """What a server does that is told to stop: its path goes, unless it is another's by now."""
    with contextlib.suppress(OSError):
        if _own and os.stat(_own[0]).st_ino == _own[1]:
            os.unlink(_own[0])


def _free(path: str) -> None:
    """Remove a socket that nobody listens at any more; whatever else is there stays."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError("there is a file that is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except PermissionError:
            raise
        except OSError:
            pass  # somebody is there, whose socket is of another type
    raise FileExistsError("another server listens there")
