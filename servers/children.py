"""The forked workers of a server: a parent starts them, hears when one ends by itself, and takes them along.

A worker that ends unasked is a crash of the server: what serves on has fewer workers than it was measured with. A
worker whose parent was killed is killed too, by the kernel.
"""

import contextlib
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from servers.contract import CRASHED, cannot_start, leave

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
SIGNALS = STOP_SIGNALS | {signal.SIGCHLD}
PR_SET_PDEATHSIG = 1  # linux/prctl.h
prctl = ctypes.CDLL(None).prctl


class Children:
    def __init__(self) -> None:
        self._pids: set[int] = set()
        self._is_leaving = False
        signal.signal(signal.SIGCHLD, self._ended)
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, self._stop)

    def start(self, work: Callable[[], None]) -> None:
        """Fork a worker, which does its work and nothing else. Fork before there are threads: it gets none of them."""
        parent = os.getpid()
        # Between fork and the note of the worker's id a signal would leave that worker behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                _do(work, parent)
            self._pids.add(pid)
        except OSError as error:
            self._take_along()
            cannot_start(f"cannot start worker {len(self._pids) + 1}: {error.strerror}")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def wait(self) -> NoReturn:
        """Until one ends or the server is told to stop: the signals' handlers end it."""
        while True:
            signal.pause()

    def _ended(self, signum: int, frame: FrameType | None) -> None:
        for pid in [] if self._is_leaving else list(self._pids):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                leave(self._take_along())

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        if not self._is_leaving:  # else it is told so once more, in the midst of it
            leave(self._take_along())

    def _take_along(self) -> int:
        """End all of them; 0 if all lived and nothing else ended them."""
        self._is_leaving = True
        told = set()
        for pid in self._pids:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                told.add(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        code = 0
        for pid in self._pids:
            how = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if pid not in told or how != -signal.SIGTERM:
                code = CRASHED
                what = f"was killed by {signal.Signals(-how).name}" if how < 0 else f"exited with {how}"
                print(f"worker {pid} {what} by itself", file=sys.stderr, flush=True)
        return code


def settle(parent: int) -> None:
    """In the child: it dies of SIGTERM like any process, and of its parent's death; Ctrl-C is for the parent."""
    for own in SIGNALS:
        signal.signal(own, signal.SIG_IGN if own == signal.SIGINT else signal.SIG_DFL)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    if os.getppid() != parent:  # it died before we asked
        os._exit(CRASHED)


def _do(work: Callable[[], None], parent: int) -> NoReturn:
    try:
        settle(parent)
        work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(CRASHED)  # whatever happened, what comes after is the parent's
