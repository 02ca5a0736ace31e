"""What the servers on asyncore and asynchat have in common: a client whose misdeeds are no news, and who accepts."""

import contextlib
import socket
import sys
import warnings
from collections.abc import Callable

from servers.contract import Complaint, Door, Options, library

with library("pyasyncore"), warnings.catch_warnings(action="ignore"):  # Python 3.11 says that it will go
    import asyncore

complain = Complaint()


class Dispatcher(asyncore.dispatcher):
    """What a client is whose misdeeds are no news."""

    def handle_expt(self) -> None:
        with contextlib.suppress(OSError):  # the read before may have passed over it
            self.socket.recv(1, socket.MSG_OOB)  # type: ignore[union-attr]  # else it would wake us for ever

    def handle_error(self) -> None:
        error = sys.exception()
        if not isinstance(error, OSError):  # that means that the client is gone
            complain(f"a connection could not be served: {error}")
        self.close()


class Server(asyncore.dispatcher):
    def __init__(self, listener: socket.socket, options: Options, client: Callable[..., Dispatcher]) -> None:
        super().__init__(listener)
        self.options = options
        self.client = client
        self.door = Door(listener)
        self.listen(options.backlog)  # the library's sign that this one accepts; the queue stays as long

    def handle_accept(self) -> None:
        sock = self.door.accept()  # the library's own would end the server where no descriptor is left
        if sock is not None:
            self.client(sock, self.options)

    def handle_error(self) -> None:
        complain(f"a connection could not be served: {sys.exception()}")
