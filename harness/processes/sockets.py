"""Sockets as the kernel tells of them: who listens where, with which backlog; whose descriptors they are."""

import contextlib
import errno
import os
import socket
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import axes
from harness.processes.endpoint import Endpoint

DOMAIN = b":0035"  # the port of name servers there
CONNECTED, TIME_WAIT, UNCONNECTED, LISTENS = b"01", b"06", b"07", b"0A"  # states in /proc/net/tcp and udp
ACCEPTS = 1 << 16  # a flag in /proc/net/unix

# NETLINK_SOCK_DIAG: linux/sock_diag.h, linux/inet_diag.h
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST_DUMP = 0x301
TCP_LISTEN = 10
HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
REQUEST = struct.Struct("=BBBxI48x")  # family, protocol, extensions, states; of any address
ANSWER = struct.Struct("=4x48x4xIIII")  # queue, its limit (the backlog), user, inode


@dataclass(frozen=True)
class Listener:
    """A socket that takes connections, or datagrams of anybody."""

    address: str  # of a Unix socket the path
    port: int  # there 0
    inode: int
    drops: int = 0  # datagrams that there was no room for

    def __str__(self) -> str:
        if not self.port:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def listeners(transport: str = "tcp") -> list[Listener]:
    """All that listen in the network that we are in, which is where servers are connected to."""
    return {"tcp": _of_tcp, "udp": _of_udp}.get(transport, lambda: _of_unix(transport in axes.IN_DATAGRAMS))()


def _of_udp() -> list[Listener]:
    """Those that no client has for itself."""
    found = []
    for name in ("udp", "udp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/net/{name}", "rb") as table:
            next(table, None)
            for line in table:
                _, local, _, state, *fields = line.split()
                if state == UNCONNECTED:
                    address, _, port = local.partition(b":")
                    found.append(Listener(_address(address), int(port, 16), int(fields[5]), int(fields[8])))
    return found


def _of_unix(in_datagrams: bool) -> list[Listener]:
    found = []
    with open("/proc/self/net/unix", "rb") as table:
        next(table, None)
        for line in table:
            _, _, _, flags, kind, _, inode, *path = line.split(None, 7)
            if path and (int(kind, 16) == socket.SOCK_DGRAM if in_datagrams else int(flags, 16) & ACCEPTS):
                found.append(Listener(os.fsdecode(path[0].rstrip(b"\n")), 0, int(inode)))
    return found


def _of_tcp() -> list[Listener]:
    found = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/net/{name}", "rb") as table:
            next(table, None)
            for line in table:
                _, local, _, state, *_, inode = line.split()[:10]
                if state != LISTENS:
                    break  # those that listen come first (proc_net_tcp.rst in the kernel's documents)
                address, _, port = local.partition(b":")
                found.append(Listener(_address(address), int(port, 16), int(inode)))
    return found


Accepted = Mapping[tuple[int, str], int]


def accepted() -> Accepted:
    """The inodes of all connected sockets, by our port and HOST:PORT of the other end; 0 of one that nobody has yet."""
    found = {}
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/net/{name}", "rb") as table:
            next(table, None)
            for line in table:
                _, local, remote, state, *_, inode = line.split()[:10]
                if state == CONNECTED:
                    host, _, port = remote.partition(b":")
                    client = f"{_address(host).removeprefix('::ffff:')}:{int(port, 16)}"
                    found[int(local.rpartition(b":")[2], 16), client] = int(inode)
    return found


def time_wait(port: int) -> int:
    """How many connections of that port of ours, of IPv4, are in TIME_WAIT."""
    with open("/proc/self/net/tcp", "rb") as table:
        next(table, None)
        told = [line.split()[1:4] for line in table]
    return sum(state == TIME_WAIT and int(local.rpartition(b":")[2], 16) == port for local, _, state in told)


def serving(endpoint: Endpoint, found: Iterable[Listener] | None = None) -> list[Listener]:
    """Those, of all or of these, that get what is sent there: who names the address goes before who takes all."""
    by_rank = defaultdict(list)
    host = endpoint.host
    for one in listeners(endpoint.transport) if found is None else found:
        if one.port == endpoint.port and one.address in (order := (host, f"::ffff:{host}", "0.0.0.0", "::")):
            by_rank[order.index(one.address)].append(one)
    return by_rank[min(by_rank)] if by_rank else []


def descriptors(pids: Iterable[int]) -> dict[int, list[int]]:
    """Which of these processes hold which socket, by its inode.

    Raises PermissionError where one of them may not be looked at.
    """
    holders: dict[int, list[int]] = defaultdict(list)
    for pid in pids:
        folder = f"/proc/{pid}/fd"
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for number in os.listdir(folder):
                with contextlib.suppress(FileNotFoundError):
                    kind, _, inode = os.readlink(f"{folder}/{number}").partition(":")
                    if kind == "socket" and pid not in holders[int(inode[1:-1])]:
                        holders[int(inode[1:-1])].append(pid)
    return dict(holders)


def asks_names(inodes: Collection[int]) -> bool:
    """Whether one of these sockets waits for a name server, by UDP or TCP."""
    for name in ("udp", "udp6", "tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError), open(f"/proc/self/net/{name}", "rb") as table:
            next(table, None)
            for line in table:
                _, _, remote, *fields = line.split()[:10]
                if remote.endswith(DOMAIN) and int(fields[6]) in inodes:
                    return True
    return False


def backlogs() -> dict[int, int]:
    """How many connections may wait to be accepted, by the inode of each socket that listens in our own network.

    Raises OSError where the kernel doesn't tell.
    """
    found = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as asking:
        asking.settimeout(1.0)
        for family in (socket.AF_INET, socket.AF_INET6):
            request = REQUEST.pack(family, socket.IPPROTO_TCP, 0, 1 << TCP_LISTEN)
            asking.send(
                HEADER.pack(HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + request
            )
            for message in _dumped(asking):
                _, limit, _, inode = ANSWER.unpack_from(message)
                found[inode] = limit
    return found


def _dumped(asking: socket.socket) -> Iterable[bytes]:
    """The messages of an answer, without their headers."""
    while True:
        part = memoryview(asking.recv(1 << 18))
        while len(part) >= HEADER.size:
            length, kind, *_ = HEADER.unpack_from(part)
            if kind == NLMSG_DONE:
                return
            if kind == NLMSG_ERROR:
                code = -struct.unpack_from("=i", part, HEADER.size)[0]
                raise OSError(code, errno.errorcode.get(code, "netlink error"))
            yield bytes(part[HEADER.size : length])
            part = part[(length + 3) & ~3 :]


def _address(written: bytes) -> str:
    """Of /proc/net/tcp: words of 32 bits in the machine's order."""
    words = [int(written[at : at + 8], 16) for at in range(0, len(written), 8)]
    return socket.inet_ntop(
        socket.AF_INET if len(words) == 1 else socket.AF_INET6, struct.pack(f"={len(words)}I", *words)
    )
