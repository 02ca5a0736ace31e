"""Where a server is and how messages travel to it, as a URL says it.

tcp://127.0.0.1:4001, udp://127.0.0.1:4001, unix:///run/it, unix-datagram:///run/it
"""

import _socket
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psutil

from loadgen import stamp


@dataclass(frozen=True)
class Transport:
    """How messages travel; in datagrams each is one, and its reply another."""

    kind: int
    is_local: bool = False  # an address is a path

    @property
    def in_datagrams(self) -> bool:
        return self.kind == socket.SOCK_DGRAM

    @property
    def is_stamped(self) -> bool:
        """Whether the kernel says when it had the bytes: not of a stream that never leaves a Unix socket."""
        return self.in_datagrams or not self.is_local


TRANSPORTS = {
    "tcp": Transport(socket.SOCK_STREAM),
    "unix": Transport(socket.SOCK_STREAM, is_local=True),
    "udp": Transport(socket.SOCK_DGRAM),
    "unix-datagram": Transport(socket.SOCK_DGRAM, is_local=True),
}


@dataclass(frozen=True)
class Target:
    """One server's address."""

    transport: Transport
    host: str  # a literal address; of a Unix socket its path
    port: int = 0

    @classmethod
    def of(cls, url: str) -> "Target":
        """Raises ValueError, whose text says what is wrong with it."""
        parts = urlsplit(url)
        transport = TRANSPORTS.get(parts.scheme)
        if transport is None:
            raise ValueError(f"{url or '(none)'}: write one of {', '.join(TRANSPORTS)} before ://")
        if transport.is_local:
            return cls(transport, unquote(parts.path))
        if not parts.hostname or not parts.port:
            raise ValueError(f"{url}: write {parts.scheme}://ADDRESS:PORT, such as {parts.scheme}://127.0.0.1:9000")
        return cls(transport, str(ipaddress.ip_address(parts.hostname)), parts.port)

    @property
    def address(self) -> tuple[str, int] | str:
        """As connect() has it."""
        return self.host if self.transport.is_local else (self.host, self.port)

    @property
    def family(self) -> int:
        if self.transport.is_local:
            return socket.AF_UNIX
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def is_here(self) -> bool:
        """Whether it is this machine."""
        return self.transport.is_local or is_here(self.host)

    @property
    def is_loopback(self) -> bool:
        """Whether it is reached without any network of this machine's."""
        return not self.transport.is_local and ipaddress.ip_address(self.host).is_loopback

    def socket(self, stamps: bool) -> _socket.socket:
        """A socket for it, which waits for nothing and is at no address yet."""
        sock = _socket.socket(self.family, self.transport.kind | socket.SOCK_NONBLOCK)
        if self.transport == TRANSPORTS["tcp"]:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if stamps:
            sock.setsockopt(socket.SOL_SOCKET, stamp.SO_TIMESTAMPNS, 1)
        return sock


def is_here(host: str) -> bool:
    """Whether a literal address is this machine's: loopback, or one that it has on some network."""
    if ipaddress.ip_address(host).is_loopback:
        return True
    return host in {own.address.partition("%")[0] for of in psutil.net_if_addrs().values() for own in of}
