"""Beside the chapter: cheroot, the server of CherryPy, with a WSGI application.

Mechanism: a thread waits for connections that are readable (select, epoll on Linux) and puts them into a queue; a pool
of threads, ten of them, reads a request, calls the application and writes its reply, blocking.
Cost: a connection is handed over for each request, and back.
"""

import socket
from typing import Any

from servers.contract import Options, counted, library, run
from servers.http.wsgi_application import application

with library("cheroot", "make http"):
    from cheroot.wsgi import Server

STAYS_S = 3600


class Adopting(Server):
    keep_alive_conn_limit = 1_000_000  # ten by itself: others are closed after each reply
    listener: socket.socket

    def bind(self, *told: Any) -> socket.socket:
        """Adopting the contract's listener makes no other; TCP_NODELAY is on by itself."""
        self.socket = self.listener
        self.bind_addr = self.listener.getsockname()
        return self.listener

    def error_log(self, *told: Any, **more: Any) -> None:
        """Clients that vanish are no news."""


def serve(listener: socket.socket, options: Options) -> None:
    threads = options.own.threads
    server = Adopting(listener.getsockname(), application, numthreads=threads, max=threads,
                      request_queue_size=options.backlog, timeout=STAYS_S)  # fmt: skip
    server.listener = listener
    server.safe_start()


if __name__ == "__main__":
    run(serve, __doc__, counted("--threads", 10, 10_000, "threads that serve"), service="http")
