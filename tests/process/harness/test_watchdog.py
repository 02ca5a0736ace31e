"""Kills in the middle of a run: nothing of ours stays, and what was measured stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.processes import session
from harness.processes.watchdog import Watchdog

FORKS = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    print(flush=True)
signal.pause()
"""


def forking_session() -> "subprocess.Popen[str]":
    """A process and its child, neither of which minds SIGTERM."""
    process = subprocess.Popen([sys.executable, "-c", FORKS], start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_watchdog_ends_what_is_guarded_when_its_pipe_closes() -> None:
    guarded, released = forking_session(), forking_session()
    try:
        with Watchdog() as watchdog:
            for process in (guarded, released):
                watchdog.guard(process.pid)
            watchdog.release(released.pid)
        assert session.members(guarded.pid) == []
        assert len(session.members(released.pid)) == 2
        assert guarded.wait(5) == -signal.SIGKILL
    finally:
        for process in (guarded, released):
            session.kill(process.pid)
            process.communicate()


def test_run_goes_on_without_its_watchdog() -> None:
    with Watchdog() as watchdog:
        own = watchdog._process
        own.kill()
        own.wait()
        watchdog.guard(os.getpid())
        watchdog.release(os.getpid())


def test_watchdog_does_not_mind_signals() -> None:
    """A Ctrl-C at the terminal, or a polite kill of all that is ours, must not end it before its work."""
    guarded = forking_session()
    try:
        with Watchdog() as watchdog:
            watchdog.guard(guarded.pid)
            wait_until_ignored(watchdog._process.pid, signal.SIGTERM)
            for sent in (signal.SIGINT, signal.SIGTERM):
                watchdog._process.send_signal(sent)
        assert session.members(guarded.pid) == []
    finally:
        session.kill(guarded.pid)
        guarded.communicate()


def wait_until_ignored(pid: int, number: int) -> None:
    """Until the process has got so far as to ignore that signal."""
    deadline = time.monotonic() + 60
    while not int(Path(f"/proc/{pid}/status").read_text().partition("SigIgn:")[2].split()[0], 16) >> (number - 1) & 1:
        assert time.monotonic() < deadline
