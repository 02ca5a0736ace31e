"""Listing 14-5: the same server with ThreadingMixIn, a thread per connection.

Mechanism: each client blocks a thread of its own; the kernel picks who runs, the GIL lets one at a time.
Cost: a thread's start per connection, a stack and a scheduler entry per client, and the hand-over of the
GIL between requests; and for each request the library's buffered file around the socket, which threading-bare
does without.
"""

import socket
import socketserver
import sys
import time
from typing import Any

from servers import datagram_requests
from servers.contract import Complaint, Door, Options, run


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


class Threading(socketserver.ThreadingMixIn):
    daemon_threads = True  # False: the process would outlive SIGTERM until the last client left
    block_on_close = False  # True: the server would keep books of its threads only to join them at the end


class Server(Threading, socketserver.TCPServer):
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


class DatagramServer(Threading, datagram_requests.Server):
    """A thread per datagram."""


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    DatagramServer(sock, options).serve_forever()


if __name__ == "__main__":
    run(serve, __doc__, waits=time.sleep, datagrams=serve_datagrams, unix=True)
