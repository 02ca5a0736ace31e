"""Python's search for cycles, paused while a run is read, tabulated or reported.

These make thousands of objects that stay until their end, and hardly any is part of a cycle: the search goes through
all of them again and again, a tenth of the time that a large run takes, and finds nothing. So do the libraries that are
loaded for it: a fifth of the time that this takes.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """A pause; also as a decorator. Within another one it changes nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
