"""Echo servers that answer large messages before these are there: early.py head | half SIZE [AFTER].

A message of the load generator names its client in 8 characters, and one more says what the rest is full of.
half waits for half of the message. While a reply isn't taken, the rest of its message is left where it is, and a
moment longer. Anything else is echoed, and so are the first AFTER of these messages.
"""

import asyncio
import re
import socket
import sys

from sound import Sound, run

SIZE, AFTER = (*map(int, sys.argv[2:]), 0)[:2]
KNOWN_FROM = {"head": 9, "half": SIZE // 2}[sys.argv[1]]
HEAD = re.compile(rb"\d{8}[ab]")
LEAVES_IT_S = 0.5
HOLDS = 2**18  # bytes that the kernel takes in for it: what it doesn't read stays with the client


class Early(Sound):
    head = b""  # of the message under way
    is_early = True
    taken = 0  # bytes of it
    is_echo: bool | None = None
    heard = 0  # messages of all clients

    def data_received(self, data: bytes) -> None:
        if self.is_echo is None:
            self.is_echo = not HEAD.match(data)
        if self.is_echo:
            return super().data_received(data)
        while data:
            if not self.taken:
                Early.heard += 1
                self.is_early = Early.heard > AFTER
            part, data = data[: SIZE - self.taken], data[SIZE - self.taken :]
            self.head = (self.head + part[:9])[:9]
            before, self.taken = self.taken, self.taken + len(part)
            if not self.is_early:
                self.transport.write(part)
            elif before < KNOWN_FROM <= self.taken:
                self.transport.write(self.head + self.head[8:] * (SIZE - 11) + b"\r\n")
            if self.taken == SIZE:
                self.head, self.taken = b"", 0
        return None

    def resume_writing(self) -> None:
        wait_s = LEAVES_IT_S if self.is_early and not self.is_echo else 0
        asyncio.get_running_loop().call_later(wait_s, super().resume_writing)


listener = socket.create_server(("127.0.0.1", 0))
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HOLDS)
run(Early, sock=listener)
