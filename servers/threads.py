"""The threads of a server, a loop in each: what ends one of them ends the server, as with forked workers."""

import os
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

from servers.contract import cannot_start

CRASHED = 1


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


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException:
        traceback.print_exc()
    os._exit(CRASHED)
