"""Single windows outside a run: what doctor tries the machine with. Whatever isn't in order ends it."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from harness.accounts import meter
from harness.processes.loader import LoaderFailed
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage, persistent_echo


@contextmanager
def connected(stage: Stage, servers: Collection[str], clients: int, message_size: int) -> Iterator[None]:
    """Persistent clients of all these servers. Raises ServerFailed if one doesn't answer them all."""
    try:
        opened = stage.connect(servers, clients, persistent_echo(message_size))
        for name in servers:
            if opened[name]["answered"] < clients:
                raise ServerFailed(f"{name} answered {opened[name]['answered']} of {clients} clients")
        yield
    finally:
        with suppress(LoaderFailed):  # what went wrong first is what counts
            stage.loader.close()


def window(stage: Stage, server: Server, head_s: float, counted_s: float) -> dict[str, Any]:
    """What the load generator observed in one window, tried again while a request may wait, as in a run.

    Raises ServerFailed without a reply.
    """
    patience = time.monotonic() + stage.config.window.request_timeout_s
    while True:
        with meter.window(server) as reading:  # for the time that it takes in a run
            reading.observed = stage.loader.window(server.key, stage.config.window.durations(head_s, counted_s))
        server.raise_if_dead()
        if reading.observed["requests"]:
            return reading.observed
        if time.monotonic() > patience:
            waited_s = stage.config.window.request_timeout_s
            raise ServerFailed(f"{server.strategy.label} gave no answer for {waited_s:g} s")
