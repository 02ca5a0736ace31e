"""What the standard library's HTTP servers have in common here: they adopt the contract's listener, and say little."""

import sys
from socket import socket as Socket
from typing import Any

from servers.contract import Complaint, Door


class Adopting:
    """Mixed into a server of socketserver's, which is made with `bind_and_activate` off and then adopts the listener.

    This pins request_queue_size (5) and leaves out a look-up of the host's name.
    """

    socket: Socket
    server_name: str
    server_port: int

    def adopt(self, listener: Socket) -> None:
        self.socket.close()
        self.socket = listener
        listener.setblocking(False)  # a connection may vanish between readiness and accept
        self.server_name, self.server_port = listener.getsockname()[:2]
        self._door, self._complain = Door(listener), Complaint()

    def get_request(self) -> tuple[Socket, Any]:
        client = self._door.accept()
        if client is None:
            raise BlockingIOError  # the library's sign for: none after all
        return client, client.getpeername()

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, OSError):  # else the client is gone
            self._complain(f"a connection could not be served: {error}")


class Quiet:
    """Mixed into a handler of http.server's: not a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        pass
