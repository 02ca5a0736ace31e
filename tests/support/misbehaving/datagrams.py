"""Echo servers of datagrams with a fault: datagrams.py WAY [options of the contract, of which --transport is udp]."""

import contextlib
import select
import socket
import sys
import time
from typing import Any

EVERY = 50  # so many datagrams, one is treated wrongly
SMALL = 1  # byte: the kernel makes a receive buffer as small as it can of it
SLOW_S = 0.002  # for each, while others come
SOON_S = 0.02  # another asks


def drops(sock: socket.socket, datagram: bytes, sender: Any, number: int) -> None:
    if number % EVERY:
        sock.sendto(datagram, sender)


def doubles(sock: socket.socket, datagram: bytes, sender: Any, number: int) -> None:
    for _ in range(1 if number % EVERY else 2):
        sock.sendto(datagram, sender)


def swaps(sock: socket.socket, datagram: bytes, sender: Any, number: int) -> None:
    """Two clients get each other's answers; the last one that asks in a window has nobody to swap with."""
    whose = sender
    if number % EVERY == 0 and select.select([sock], (), (), SOON_S)[0]:
        other, whose = sock.recvfrom(65536)
        sock.sendto(other, sender)
    sock.sendto(datagram, whose)


def overflows(sock: socket.socket, datagram: bytes, sender: Any, number: int) -> None:
    """Its receive buffer has no room for what comes meanwhile."""
    time.sleep(SLOW_S)
    sock.sendto(datagram, sender)


def dawdles(sock: socket.socket, datagram: bytes, sender: Any, number: int) -> None:
    """As slow, with room for all."""
    overflows(sock, datagram, sender, number)


def main() -> None:
    way = sys.argv[1]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if way == "overflows":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    sock.bind(("127.0.0.1", 0))
    host, port = sock.getsockname()
    print(f"READY {host}:{port}", flush=True)
    number = 0
    while True:
        datagram, sender = sock.recvfrom(65536)
        number += 1
        with contextlib.suppress(OSError):
            globals()[way](sock, datagram, sender, number)


if __name__ == "__main__":
    main()
