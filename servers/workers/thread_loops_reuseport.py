"""Several CPUs: threads with a listener each on one port (SO_REUSEPORT), a loop in each.

Mechanism: that of epoll in --workers threads; the kernel picks a listener for each connection, by a hash of its
addresses.
Cost: that of epoll, and a thread each; the GIL lets one of them at a time do more than wait, so that other CPUs
help with system calls alone, unless the interpreter is built without it. By chance some get more clients than others.
"""

import os
import socket
import threading
import traceback

from servers.contract import Options, Parser, number, run
from servers.readiness.epoll_loop import Loop


def serve(listener: socket.socket, options: Options) -> None:
    for own in (listener, *options.siblings):
        threading.Thread(target=work, args=(own, options), daemon=True).start()
    threading.Event().wait()  # signals are the main thread's


def work(listener: socket.socket, options: Options) -> None:
    """A thread, which has an epoll object of its own; what ends it ends the server."""
    try:
        Loop(listener, options).run()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def siblings(options: Options) -> int:
    return int(options.own.workers) - 1


def add_options(parser: Parser) -> None:
    parser.add_argument("--workers", type=number(1, 64), default=4, help="threads that serve (default: %(default)s)")


if __name__ == "__main__":
    run(serve, __doc__, add_options, siblings)
