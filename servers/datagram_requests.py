"""The standard library's UDPServer and UnixDatagramServer, which differ in the family of addresses alone."""

import socket
import socketserver
import sys
from typing import Any

from servers.contract import Complaint, Options


class Handler(socketserver.DatagramRequestHandler):
    server: "Server"

    def handle(self) -> None:
        self.wfile.write(self.server.options.service().received(self.rfile.read()))


class Server(socketserver.UDPServer):
    def __init__(self, sock: socket.socket, options: Options) -> None:
        self.address_family = sock.family
        super().__init__(sock.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.socket.setblocking(False)  # nobody waits for one who doesn't take replies: they are lost
        self.max_packet_size = options.recv_size  # type: ignore[misc]  # 8192: what is longer would be cut
        self.options = options
        self._complain = Complaint()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return bool(client_address)  # a Unix socket without a name can't be answered

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(error := sys.exception(), OSError):  # that means that the reply is lost
            self._complain(f"a datagram could not be answered: {error}")
