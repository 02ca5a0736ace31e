"""How long a session waited for a CPU that others had: two that spin on one CPU both wait, one that sleeps doesn't."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from harness.accounts.waiting import kept_waiting_s
from harness.processes.affinity import running_on

DEADLINE_S = 30.0
SPIN, SLEEP = "while True: pass", "import time; time.sleep(60)"


@pytest.fixture
def sessions() -> Iterator[dict[str, int]]:
    """Two spinning and one asleep on one CPU, each in a session of its own."""
    cpu = min(os.sched_getaffinity(0))
    programs = {"one": SPIN, "other": SPIN, "asleep": SLEEP}
    with running_on([cpu]):
        started = {
            name: subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
            for name, code in programs.items()
        }
    yield {name: process.pid for name, process in started.items()}
    for process in started.values():
        process.kill()
        process.wait()


@pytest.mark.skipif(not os.path.exists("/proc/self/schedstat"), reason="the kernel doesn't tell")
def test_who_is_ready_while_another_runs_waits(sessions: dict[str, int]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while min(kept_waiting_s(sessions[name]) for name in ("one", "other")) < 0.2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    before, now = -1.0, kept_waiting_s(sessions["asleep"])
    while now != before:  # until it is asleep
        assert time.monotonic() < deadline
        time.sleep(0.2)
        before, now = now, kept_waiting_s(sessions["asleep"])


def test_a_session_that_is_gone_waits_for_nothing(sessions: dict[str, int]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    gone.wait()
    assert kept_waiting_s(gone.pid) == 0
