"""The threads of a server, a loop in each: what ends one of them ends the server, as with forked workers."""

import contextlib
import os
import socket
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

from servers.contract import CRASHED, AddOptions, Parser, cannot_start

STDOUT = 1  # also of an interpreter that has no sys.stdout of its own


def start(work: Callable[[], None]) -> None:
    try:
        # A thread that isn't a daemon would keep the process alive.
        threading.Thread(target=_do, args=(work,), daemon=True).start()
    except RuntimeError as error:  # there are no more threads to be had
        cannot_start(f"cannot start worker {threading.active_count()}: {error}")


def wait() -> NoReturn:
    """Until a signal's handler ends the server: signals are the main thread's."""
    while True:
        threading.Event().wait()


def telling(add_options: AddOptions) -> AddOptions:
    """Those options, and one to be told who takes which connection: what processes have, the kernel says by itself."""

    def add_more(parser: Parser) -> None:
        add_options(parser)
        parser.add_argument(
            "--marks",
            dest="tells",
            action="store_true",
            help="say on stdout which thread takes which connection: WORKER NUMBER HOST:PORT",
        )

    return add_more


def tell(worker: int, client: socket.socket) -> None:
    if client.family != socket.AF_INET:
        return  # the ends of Unix sockets have no names
    with contextlib.suppress(OSError):  # it is gone already
        host, port = client.getpeername()
        os.write(STDOUT, f"WORKER {worker} {host}:{port}\n".encode())  # whole, whoever else writes


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException:
        traceback.print_exc()
    os._exit(CRASHED)
