"""Beside the chapter: gevent, a greenlet per connection.

Mechanism: code that looks blocking; a call that would wait hands over to the hub's loop (libev: epoll
here).
Cost: a greenlet with a stack of its own per client, two switches and a watcher for each wait. With --pool
a slot of it is taken and given back too, and past so many clients none is accepted until one leaves.
"""

import socket
from typing import Any

from servers.contract import Options, Parser, library, number, run
from servers.datagrams import send
from servers.green_threads.waking import wake_for_signals

with library("gevent"):
    import gevent.socket
    from gevent.pool import Pool
    from gevent.server import DatagramServer, StreamServer


def converse(client: gevent.socket.socket, options: Options) -> None:
    """One client from the first byte to the last; the server closes the socket afterwards."""
    conversation = options.service()
    try:
        if conversation.opening:
            client.sendall(conversation.opening)
        if conversation.hangs_up:
            return
        received, recv, sendall, size = conversation.received, client.recv, client.sendall, options.recv_size
        while data := recv(size):
            if reply := received(data):
                sendall(reply)
        if reply := conversation.finished():
            sendall(reply)
    except OSError:
        pass  # the client is gone


def serve(listener: socket.socket, options: Options) -> None:
    wake_for_signals()
    # Adopting the contract's listener pins the backlog (256); "default" sets no limit on greenlets.
    adopted = gevent.socket.socket(fileno=listener.detach())
    spawn = Pool(options.own.pool) if options.own.pool else "default"
    StreamServer(adopted, lambda client, _: converse(client, options), spawn=spawn).serve_forever()


class Datagrams(DatagramServer):  # type: ignore[misc]  # gevent tells no types
    """A greenlet per datagram."""

    def __init__(self, sock: socket.socket, options: Options) -> None:
        # Adopting the contract's socket pins its buffers; "default" sets no limit on greenlets.
        spawn = Pool(options.own.pool) if options.own.pool else "default"
        super().__init__(gevent.socket.socket(fileno=sock.detach()), spawn=spawn)
        self.received, self.recv_size = options.service().received, options.recv_size

    def do_read(self) -> tuple[bytes, Any] | None:
        try:
            data, address = self._socket.recvfrom(self.recv_size)  # the library's own asks for 8192
        except OSError:
            return None  # none after all, or news of an earlier reply
        return data, address

    def handle(self, data: bytes, address: Any) -> None:
        send(self._socket, self.received(data), address)  # the library's own would wait, and others for its lock


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    wake_for_signals()
    Datagrams(sock, options).serve_forever()


def add_options(parser: Parser) -> None:
    parser.add_argument("--pool", type=number(1, 100_000), help="greenlets at most (default: no limit)")


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits=gevent.sleep, datagrams=serve_datagrams, unix=True)
