"""Beside the chapter: asynchat on asyncore, the standard library's protocol of lines until Python 3.11.

Mechanism: that of asyncore; the library cuts what comes at a terminator, and queues what is to be sent.
Cost: that of asyncore, and a search for the terminator and a copy of the rest for each line. From Python 3.12 on it
is the package pyasynchat.
"""

import socket
import warnings

from servers.contract import Options, library, run

with library("pyasynchat"), warnings.catch_warnings(action="ignore"):  # Python 3.11 says that it will go
    import asynchat
    import asyncore

from servers.readiness.dispatchers import Dispatcher, Server

MAX_LENGTH = 2**20  # bytes of a line that are kept; longer ones pass in pieces


class Client(Dispatcher, asynchat.async_chat):
    ac_in_buffer: bytes  # the beginning of a terminator, where there is one

    def __init__(self, sock: socket.socket, options: Options) -> None:
        super().__init__(sock)
        self.conversation = options.service()
        self.received = self.conversation.received
        self.ac_in_buffer_size = options.recv_size
        self.leaving = self.conversation.hangs_up
        self.line: list[bytes] = []
        self.length = 0
        self.set_terminator(b"\r\n")
        if self.conversation.opening:
            self.push(self.conversation.opening)
        if self.leaving:
            self.close_when_done()

    def readable(self) -> bool:
        return not (self.writable() or self.leaving)  # that bounds our memory

    def collect_incoming_data(self, data: bytes) -> None:
        self.line.append(data)
        self.length += len(data)
        if self.length > MAX_LENGTH:
            self.answer(b"")

    def found_terminator(self) -> None:
        self.answer(b"\r\n")

    def answer(self, end: bytes) -> None:
        """What a line, or as much of it as there is, is answered with."""
        line = b"".join([*self.line, end])
        self.line, self.length = [], 0
        if reply := self.received(line):
            self.push(reply)

    def handle_close(self) -> None:
        """At first the client's half-close, as far as recv can tell; what is said then tells whether it is gone."""
        if self.leaving:
            self.close()
            return
        self.leaving = True
        rest, self.ac_in_buffer = self.ac_in_buffer, b""
        self.answer(rest)  # a line without its end, or half of one
        if reply := self.conversation.finished():
            self.push(reply)
        self.close_when_done()


def serve(listener: socket.socket, options: Options) -> None:
    Server(listener, options, Client)
    asyncore.loop(use_poll=True)  # False: select, which serves nobody past descriptor 1023


if __name__ == "__main__":
    run(serve, __doc__, unix=True)
