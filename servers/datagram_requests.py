"""The standard library's UDPServer and UnixDatagramServer, which differ in the family of addresses alone."""

import socket
import socketserver
import sys
from typing import Any

from servers.contract import Complaint, Options
from servers.datagrams import send


class Handler(socketserver.DatagramRequestHandler):
    server: "Server"

    def handle(self) -> None:
        self.wfile.write(self.server.options.service().received(self.rfile.read()))

    def finish(self) -> None:
        reply = self.wfile.getvalue()  # type: ignore[attr-defined]  # a BytesIO
        send(self.socket, reply, self.client_address)  # the library's would wait for one who doesn't read


class Server(socketserver.UDPServer):
    def __init__(self, sock: socket.socket, options: Options) -> None:
        self.address_family = sock.family
        super().__init__(sock.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        self.socket.setblocking(False)  # a datagram may vanish between readiness and recvfrom
        self.max_packet_size = options.recv_size  # type: ignore[misc]  # 8192: what is longer would be cut
        self.options = options
        self._complain = Complaint()

    def handle_error(self, request: Any, client_address: Any) -> None:
        self._complain(f"a datagram could not be answered: {sys.exception()}")
