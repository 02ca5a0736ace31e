"""Who follows the receive size, by the segments that the kernel sends back."""

import socket
import struct
from collections.abc import Callable

from harness.config import Strategy
from harness.processes.server import Server


def data_segments_in(sock: socket.socket) -> int:
    """How many segments with data came, by the kernel's count (tcpi_data_segs_in of tcp_info)."""
    found: int = struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), 152)[0]
    return found


def test_a_strategy_follows_the_receive_size_or_says_why_not(strategy: Strategy, start: Callable[..., Server]) -> None:
    """What is read in small pieces comes back in pieces, what is read at once in one: no strategy waits for more."""
    server = start(strategy, recv_size=100)
    message = (b"x" * 98 + b"\r\n") * 100
    with socket.create_connection(server.address, timeout=10) as sock:
        sock.sendall(message)
        received = b""
        while len(received) < len(message):
            received += sock.recv(65536)
        segments = data_segments_in(sock)
    assert received == message
    assert segments >= 5 or strategy.fixed, segments  # of 100; where the client is slow the kernel puts some together
