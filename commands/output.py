"""Where a verb's words go, and what becomes of it when they can't be written: a reader that left, a full disk.

Not its own exit code then: 1 would mean that something was found. It ends as by Ctrl-C, what was measured is kept,
and the code is what a shell gives a program that a broken pipe ended.
"""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO

LOST = 128 + signal.SIGPIPE
STREAMS = ("stdin", "stdout", "stderr")


class OutputLost(KeyboardInterrupt):
    """Nobody reads on, so nobody waits for the rest either."""


class _Watched:
    """Standard output whose failures are told from those of other files."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _lost():
            return self._stream.write(text)

    def flush(self) -> None:
        with _lost():
            self._stream.flush()


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _to_nowhere(1)  # what is still buffered would fail again at the end
        raise OutputLost(error.strerror) from None


def watch() -> None:
    """From now on a failing standard output raises OutputLost. Streams that are closed lead nowhere.

    Else the next file that is opened would be taken for them.
    """
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            _to_nowhere(number)
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115 (as long as we live)
    sys.stdout = _Watched(sys.stdout)


def complain(text: str) -> None:
    """A line on standard error, or nothing if that can't be written either."""
    try:
        print(f"run_bench.py: {text}", file=sys.stderr, flush=True)
    except OSError:
        _to_nowhere(2)


def lost(error: OutputLost) -> int:
    """The exit code, and why unless a reader just left, which is its right."""
    if error.args[0] != os.strerror(errno.EPIPE):
        complain(f"standard output: {error}; what was measured is kept")
    return LOST


def _to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
