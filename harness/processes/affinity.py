"""On which CPUs a process that we start runs."""

import contextlib
import os
from collections.abc import Collection, Iterator


@contextlib.contextmanager
def running_on(cpus: Collection[int] | None) -> Iterator[None]:
    """A child inherits the affinity of the thread that starts it: ours, for the time of the start."""
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
