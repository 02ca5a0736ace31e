"""HOST:PORT of a server that runs already, as a strategy's line names it: read, and looked up once."""

import ipaddress
import re
import socket

import psutil

MEANT = 'write HOST:PORT, such as "192.0.2.7:9000" or "[2001:db8::7]:9000"'


def parted(text: str) -> tuple[str, int]:
    """Host, a name or a literal address, and port. Raises ValueError, whose text says what is wrong."""
    if "://" in text:
        raise ValueError(f"is a URL, and what is attached is met over TCP; {MEANT}")
    host, colon, port = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise ValueError(f"has no port from 1 to 65535 at its end; {MEANT}")
    bracketed = re.fullmatch(r"\[(.*)\]", host)
    if ":" in host and not bracketed:
        raise ValueError("has an IPv6 address without brackets; write it as [ADDRESS]:PORT")
    try:
        address = ipaddress.ip_address(bracketed[1] if bracketed else host)
    except ValueError:
        if bracketed or not re.fullmatch(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?", host):
            raise ValueError(f"names no host; {MEANT}") from None
        return host, int(port)
    if getattr(address, "scope_id", None):  # which a lookup drops, and without it leads nowhere
        raise ValueError(f"has a zone, {host!r}, as link-local addresses have; write an address that needs none")
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"is no address of one host; {MEANT}")
    return str(address), int(port)


def looked_up(text: str) -> str:
    """The same with a literal address in place of a name: the first that it leads to. Raises ValueError alike."""
    host, port = parted(text)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"leads to no address ({str(why).lower()}); correct the name, or write the address") from None
    address = str(found[0][4][0])
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def is_here(address: str) -> bool:
    """Whether a literal HOST:PORT is this machine's: of the loopback interface, or an address on some network."""
    host = ipaddress.ip_address(parted(address)[0])
    if host.is_loopback:
        return True
    own = {one.address.partition("%")[0] for of in psutil.net_if_addrs().values() for one in of}  # as the loader has it
    return str(host) in own
