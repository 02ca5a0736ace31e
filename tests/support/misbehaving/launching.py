"""Launchers of servers: the worker, which serves, is a child or a child's child."""

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any


def child(serve: Callable[[], Any]) -> int:
    """A process that serves, and does nothing else; its id."""
    if pid := os.fork():
        return pid
    serve()
    os._exit(0)


def launch(worker: int, *, ends_it: bool = True) -> None:
    """Wait for the worker; a signal ends both, or the launcher alone."""

    def leave(*_: object) -> None:
        if ends_it:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(worker, signal.SIGTERM)
                os.waitpid(worker, 0)  # a sound launcher ends last
        os._exit(0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    os.waitpid(worker, 0)
