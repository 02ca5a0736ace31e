"""What asyncio's servers ask of the kernel at a time, seen at the very socket that they read."""

import asyncio
import fcntl
import socket
import struct
import termios
import time
from types import ModuleType
from typing import Any

import pytest

from servers.contract import Options
from servers.event_loops import asyncio_buffered, asyncio_default, asyncio_protocol, asyncio_streams
from servers.services import SERVICES

BURST = 150_000
UNASKED = 256 * 1024  # what a transport reads that nobody tells otherwise
PATIENCE_S = 60.0


class Witness(socket.socket):
    """A listener whose connections tell of each read: what was asked for, and what came."""

    reads: list[tuple[int, int]]

    def accept(self) -> tuple[socket.socket, Any]:
        fd, address = self._accept()  # type: ignore[attr-defined]
        accepted = Witness(fileno=fd)
        accepted.reads = self.reads
        return accepted, address

    def recv(self, size: int, flags: int = 0) -> bytes:
        data = super().recv(size, flags)
        self.reads.append((size, len(data)))
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        came = super().recv_into(buffer, nbytes, flags)
        self.reads.append((nbytes or len(buffer), came))
        return came


def reads_of(server: ModuleType, recv_size: int) -> list[tuple[int, int]]:
    """The reads of a server at whose door a burst lies before it has accepted its client."""
    with Witness(socket.AF_INET) as listener, socket.socket() as client:
        listener.reads = []
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * BURST)  # room for all of it
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        client.connect(listener.getsockname())
        client.sendall(b"x" * BURST)
        deadline = time.monotonic() + PATIENCE_S
        while unacknowledged(client):
            assert time.monotonic() < deadline
        options = Options(SERVICES["log"], "127.0.0.1", 0, 16, recv_size)  # it swallows and says nothing
        asyncio.run(asyncio.wait_for(until_read(server, listener, options), PATIENCE_S))
        return listener.reads


def unacknowledged(client: socket.socket) -> int:
    """Bytes that the other side's kernel doesn't have yet."""
    found: int = struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]
    return found


async def until_read(server: ModuleType, listener: Witness, options: Options) -> None:
    serving = asyncio.create_task(server.listen(listener, options))
    while sum(came for _, came in listener.reads) < BURST:
        await asyncio.sleep(0)
    serving.cancel()


@pytest.mark.parametrize("recv_size", [10_000, 65_536])
@pytest.mark.parametrize("server", [asyncio_streams, asyncio_protocol, asyncio_buffered])
def test_a_burst_arrives_in_pieces_of_the_receive_size(server: ModuleType, recv_size: int) -> None:
    whole, rest = divmod(BURST, recv_size)
    pieces = [recv_size] * whole + [rest] * bool(rest)
    assert reads_of(server, recv_size) == [(recv_size, piece) for piece in pieces]


@pytest.mark.parametrize("recv_size", [10_000, 65_536])
def test_as_users_get_it_the_burst_is_one_read(recv_size: int) -> None:
    assert reads_of(asyncio_default, recv_size) == [(UNASKED, BURST)]
