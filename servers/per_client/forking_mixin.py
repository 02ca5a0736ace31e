"""Listing 14-4: the same server with ForkingMixIn, a process per connection.

Mechanism: each client blocks a child process; nothing is shared, every CPU can be used.
Cost: a fork per connection, a process per client, and at each accept the library asks after every living
child (waitpid); and for each request the library's buffered file around the socket, which forking-bare does
without.
"""

import contextlib
import os
import signal
import socket
import socketserver
import sys
import time
from types import FrameType
from typing import Any, NoReturn

from servers import datagram_requests
from servers.contract import Complaint, Door, Options, leave, run


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


STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


class Forking(socketserver.ForkingMixIn):
    max_children = sys.maxsize  # 40: the 41st client would wait in silence for one of the others to leave
    active_children: set[int] | None

    def process_request(self, request: Any, client_address: Any) -> None:
        # Between fork and the note of the child's id a signal would leave that child behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            super().process_request(request, client_address)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the child: it dies of a signal like any process."""
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        super().finish_request(request, client_address)  # type: ignore[misc]  # the server's, beside which this stands

    def serve_until_stopped(self) -> None:
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, self.stop)
        self.serve_forever()  # type: ignore[attr-defined]

    def stop(self, signum: int, frame: FrameType | None) -> NoReturn:
        """Take the children along; waiting for them also counts their CPU time in ours."""
        children = list(self.active_children or ())
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        leave()


class Server(Forking, socketserver.TCPServer):
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

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.socket.close()  # the child lets go of its parent's port
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        self._complain(f"a connection could not be served: {sys.exception()}")


class DatagramServer(Forking, datagram_requests.Server):
    """A process per datagram."""


def serve(listener: socket.socket, options: Options) -> None:
    Server(listener, options).serve_until_stopped()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    DatagramServer(sock, options).serve_until_stopped()


if __name__ == "__main__":
    run(serve, __doc__, waits=time.sleep, datagrams=serve_datagrams, unix=True)
