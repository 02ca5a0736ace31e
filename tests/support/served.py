"""Servers as a client, and as who started them, sees them."""

import contextlib
import select
import socket
import subprocess
import time
from collections.abc import Iterator

import psutil

from harness.config import Strategy
from harness.conformance import client
from harness.processes.server import Server
from tests.support.project import ROOT, command

OFFERED = 256 * 2**20  # bytes, to servers whose replies nobody reads


def run(strategy: Strategy, *options: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(strategy, *options),
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def clients(server: Server, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(server.address, 10)) for _ in range(count)]


def talk(sock: socket.socket) -> None:
    """One message there and back."""
    message = b"a message\r\n"
    sock.sendall(message)
    assert read_from(sock, len(message)) == message


def read_from(sock: socket.socket, size: int) -> bytes:
    """That many bytes, or fewer if the server closes before."""
    received = bytearray()
    while len(received) < size and (data := sock.recv(size - len(received))):
        received += data
    return bytes(received)


def talk_at_last(server: Server) -> None:
    """A new client is served as soon as the server has seen that others left; until then it may be refused."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with clients(server, 1) as (sock,):
                return talk(sock)
        except (ConnectionError, AssertionError):
            if time.monotonic() > deadline:
                raise


def tree(server: Server) -> list[psutil.Process]:
    process = psutil.Process(server.pid)
    return [process, *process.children(recursive=True)]


def growth_under_flood(server: Server, serves: int | None = None) -> int:
    """Bytes by which the server's processes grow while 8 clients offer 32 MiB each and read nothing."""
    crowd = 8  # few, as the kernel holds some 6 MiB of each
    block = (b"x" * 4094 + b"\r\n") * 64
    with clients(server, crowd) as connected:
        for sock in connected[:serves]:
            talk(sock)
        before = memory(server)
        by_descriptor = {sock.fileno(): sock for sock in connected}
        left = dict.fromkeys(by_descriptor, OFFERED // crowd)
        poller = select.poll()
        for fd, sock in by_descriptor.items():
            sock.setblocking(False)
            poller.register(fd, select.POLLOUT)
        while any(left.values()) and (ready := poller.poll(client.STALL_S * 1000)):
            for fd, _ in ready:
                left[fd] -= by_descriptor[fd].send(block[: left[fd]])
                if not left[fd]:
                    poller.unregister(fd)
        return memory(server) - before


def memory(server: Server) -> int:
    return sum(process.memory_info().rss for process in tree(server))
