"""Beside the chapter: asyncore, the standard library's loop until Python 3.11.

Mechanism: that of poll; the library asks each dispatcher what it waits for, and calls what is ready.
Cost: that of poll, and two questions to every client before each wait, ready or not. From Python 3.12 on it is the
package pyasyncore.
"""

import socket
import warnings

from servers.contract import Options, library, run

with library("pyasyncore"), warnings.catch_warnings(action="ignore"):  # Python 3.11 says that it will go
    import asyncore

from servers.readiness.dispatchers import Dispatcher, Server


class Client(Dispatcher, asyncore.dispatcher_with_send):
    out_buffer: bytes

    def __init__(self, sock: socket.socket, options: Options) -> None:
        super().__init__(sock)
        self.conversation = options.service()
        self.received = self.conversation.received
        self.recv_size = options.recv_size
        self.leaving = self.conversation.hangs_up  # close when nothing is unsent any more
        if self.conversation.opening:
            self.send(self.conversation.opening)

    def readable(self) -> bool:
        return not (self.out_buffer or self.leaving)  # that bounds our memory

    def handle_read(self) -> None:
        data = self.recv(self.recv_size)
        if data and (reply := self.received(data)):
            self.send(reply)

    def initiate_send(self) -> None:
        super().initiate_send()
        if self.leaving and not self.out_buffer:
            self.close()

    def handle_close(self) -> None:
        """At first the client's half-close, as far as recv can tell; what is said then tells whether it is gone."""
        if self.leaving:
            self.close()
        else:
            self.leaving = True
            self.send(self.conversation.finished())


def serve(listener: socket.socket, options: Options) -> None:
    Server(listener, options, Client)
    asyncore.loop(use_poll=True)  # False: select, which serves nobody past descriptor 1023


if __name__ == "__main__":
    run(serve, __doc__, unix=True)
