"""An echo server that closes a connection on which nothing came for so many seconds: closing.py SECONDS."""

import asyncio
import sys

from sound import Sound, run


class Closes(Sound):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.heard_at = asyncio.get_running_loop().time()
        self.look()

    def data_received(self, data: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        super().data_received(data)

    def look(self) -> None:
        """Once in a while, not at every message: that would be its price."""
        loop = asyncio.get_running_loop()
        left_s = self.heard_at + float(sys.argv[1]) - loop.time()
        if left_s > 0:
            self.waiting = loop.call_later(left_s, self.look)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.waiting.cancel()


run(Closes)
