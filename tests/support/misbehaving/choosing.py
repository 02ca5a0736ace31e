"""Echo servers for 127.0.0.1 alone, to whom another address is a stranger: choosing.py resets | closes | refuses.

refuses says so to the first message of a stranger, and closes then.
"""

import asyncio
import sys

from sound import Sound, run

FRIEND = "127.0.0.1"


class Chooses(Sound):
    is_stranger = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.is_stranger = transport.get_extra_info("peername")[0] != FRIEND
        if self.is_stranger and sys.argv[1] == "resets":
            transport.abort()
        elif self.is_stranger and sys.argv[1] == "closes":
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self.is_stranger:
            self.transport.write(b"forbidden\r\n")
            self.transport.close()
        else:
            super().data_received(data)


run(Chooses)
