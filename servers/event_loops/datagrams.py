"""What the protocols on asyncio's event loops have in common where they take datagrams."""

import asyncio
import socket
from functools import partial
from typing import Any

from servers import datagrams
from servers.contract import Complaint, Options


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, sock: socket.socket, options: Options) -> None:
        self.received = options.service().received
        self.sock, self.recv_size = sock, options.recv_size

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        if hasattr(transport, "max_size"):  # asyncio's, not uvloop's
            transport.max_size = self.recv_size  # 256 KiB: what a read asks for
        # A transport would wait for the one whose queue is full, spin meanwhile, and send to nobody else.
        self.send = transport.sendto if self.sock.family == socket.AF_INET else partial(datagrams.send, self.sock)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.send(self.received(data), addr)


async def receive(sock: socket.socket, options: Options) -> None:
    loop, complain = asyncio.get_running_loop(), Complaint()
    loop.set_exception_handler(lambda _, context: complain(context.get("exception", context["message"])))
    await loop.create_datagram_endpoint(lambda: Datagrams(sock, options), sock=sock)
    await asyncio.Event().wait()
