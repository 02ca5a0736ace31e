"""Loopback source addresses, so that the ports of closed connections never run out.

A connection that was closed holds its address and port for a minute (TIME_WAIT). One source address has some
28,000 ports, and where they get scarce the kernel slows every connect down without an error. So each server
is connected to from an address of its own, changed long before its ports are used up.
"""

import _socket
import ipaddress
import random
import socket

from loadgen.target import Target

CONNECTIONS_PER_ADDRESS = 8_000
# bind() then leaves the port to connect(), which knows the destination and may share ports across destinations.
IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)

_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_FIRST, _LAST = 1 << 16, (1 << 24) - 2  # 127.1.0.0 and up: 127.0.x.y is left to the servers


def raise_unless_permitted(target: Target, allow_remote: bool) -> None:
    """Raises PermissionError for a target that is another machine, where nobody allowed that."""
    if not (allow_remote or target.is_here):
        raise PermissionError(f"{target.host} is not this machine; --allow-remote permits load on others")


class SourceAddresses:
    """Hands out addresses, none of them twice in a process; another process starts elsewhere."""

    def __init__(self) -> None:
        self._next = random.SystemRandom().randint(_FIRST, _LAST)

    def fresh(self) -> str:
        self._next = self._next + 1 if self._next < _LAST else _FIRST
        return str(_LOOPBACK[self._next])


class Source:
    """Where the connections to one server come from."""

    def __init__(self, addresses: SourceAddresses, target: Target) -> None:
        self._addresses = addresses
        self._has_name = target.transport.is_local and target.transport.in_datagrams  # or nobody could answer it
        self.on_loopback = target.family == socket.AF_INET and target.is_here  # a network of this machine's, too
        self.address = ""
        self.left = 0  # connections that may still come from there

    def bind(self, sock: _socket.socket) -> None:
        if self._has_name:
            sock.bind("")  # the kernel finds one
        if not self.on_loopback:
            return
        if not self.left:
            self.address, self.left = self._addresses.fresh(), CONNECTIONS_PER_ADDRESS
        self.left -= 1
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((self.address, 0))
