"""Loopback source addresses, so that the ports of closed connections never run out.

A connection that was closed holds its address and port for a minute (TIME_WAIT). One source address has some
28,000 ports, and where they get scarce the kernel slows every connect down without an error. So each server
is connected to from an address of its own, changed long before its ports are used up.
"""

import ipaddress
import random
import socket

CONNECTIONS_PER_ADDRESS = 8_000
# bind() then leaves the port to connect(), which knows the destination and may share ports across destinations.
IP_BIND_ADDRESS_NO_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)

_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_FIRST, _LAST = 1 << 16, (1 << 24) - 2  # 127.1.0.0 and up: 127.0.x.y is left to the servers


def is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback


def raise_unless_permitted(host: str, allow_remote: bool) -> None:
    """Raises PermissionError for a target that is another machine, where nobody allowed that."""
    if not (allow_remote or is_loopback(host)):
        raise PermissionError(f"{host} is not this machine; --allow-remote permits load on others")


class SourceAddresses:
    """Hands out addresses, none of them twice in a process; another process starts elsewhere."""

    def __init__(self) -> None:
        self._next = random.SystemRandom().randint(_FIRST, _LAST)

    def fresh(self) -> str:
        self._next = self._next + 1 if self._next < _LAST else _FIRST
        return str(_LOOPBACK[self._next])


class Source:
    """Where the connections to one server come from."""

    def __init__(self, addresses: SourceAddresses, target_host: str) -> None:
        self._addresses = addresses
        self.on_loopback = is_loopback(target_host) and ":" not in target_host
        self.address = ""
        self.left = 0  # connections that may still come from there

    def bind(self, sock: "socket._socket.socket") -> None:  # type: ignore[name-defined]
        if not self.on_loopback:
            return
        if not self.left:
            self.address, self.left = self._addresses.fresh(), CONNECTIONS_PER_ADDRESS
        self.left -= 1
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((self.address, 0))
