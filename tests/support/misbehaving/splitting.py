"""Echo servers with Nagle's algorithm on and a reply in PARTS writes: splitting.py PARTS.

From the second part on they wait until the client has acknowledged what it has, and it takes its time for that.
"""

import asyncio
import socket
import sys

from sound import Sound, run


class Splits(Sound):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)

    def data_received(self, data: bytes) -> None:
        length = -(-len(data) // int(sys.argv[1]))
        for start in range(0, len(data), length):
            self.transport.write(data[start : start + length])


run(Splits)
