"""Listing 14-3: socketserver.TCPServer with a StreamRequestHandler, one client at a time.

Mechanism: the library accepts, the handler reads rfile and writes wfile, blocking.
Cost: that of 14-1, plus a selector call before each accept and a buffered file around each socket.
"""

import socket
import socketserver
import sys
import time
from typing import Any

from servers.contract import Complaint, Door, Options, run
from servers.datagram_requests import Server as DatagramServer


class Handler(socketserver.StreamRequestHandler):
    server: "Server"

    def handle(self) -> None:
        options = self.server.options
        conversation = options.service()
        try:
            if conversation.opening:
                self.wfile.write(conversation.opening)
            if conversation.hangs_up:
                return
            # read1 returns what is there; read would wait for a full buffer, readline for a line.
            received, read, write = conversation.received, self.rfile.read1, self.wfile.write
            while data := read(options.recv_size):
                if reply := received(data):
                    write(reply)
            if reply := conversation.finished():
                write(reply)
        except OSError:
            pass  # the client is gone


class Server(socketserver.TCPServer):
    def __init__(self, listener: socket.socket, options: Options) -> None:
        self.address_family = listener.family  # in which alone UnixStreamServer differs
        # Adopting the contract's listener pins request_queue_size (5) and allow_reuse_address (False).
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.socket.setblocking(False)  # a connection may vanish between readiness and accept
        self.options = options
        self._door = Door(listener)
        self._complain = Complaint()

    def get_request(self) -> tuple[socket.socket, Any]:
        client = self._door.accept()
        if client is None:
            raise BlockingIOError  # the library's sign for: none after all
        return client, None  # nobody asks for the address

    def handle_error(self, request: Any, client_address: Any) -> None:
        self._complain(f"a connection could not be served: {sys.exception()}")


def serve(listener: socket.socket, options: Options) -> None:
    Server(listener, options).serve_forever()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    DatagramServer(sock, options).serve_forever()


if __name__ == "__main__":
    run(serve, __doc__, waits=time.sleep, datagrams=serve_datagrams, unix=True)
