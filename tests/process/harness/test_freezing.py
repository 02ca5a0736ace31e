"""Sessions that stand still: all of them, for as long as they are told to, and no longer."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.accounts import proctree
from harness.config import Strategy
from harness.processes import freezing, session
from harness.processes.server import Server
from harness.processes.watchdog import Watchdog
from tests.support.project import ROOT

SPINS = "while True: pass"
# A process whose children go on to have children, as fast as they can; some thirty live at a time.
BREEDS = """
import os, time
def breed(left):
    while True:
        if not os.fork():
            if left: breed(left - 1)
            os._exit(0)
        os.wait()
for _ in range(6):
    if not os.fork():
        breed(3)
breed(3)
"""


@pytest.fixture
def running() -> Iterator[Callable[[str], int]]:
    """Starts a program in a session of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def run(program: str) -> int:
        started.append(subprocess.Popen([sys.executable, "-c", program], start_new_session=True))
        return started[-1].pid

    yield run
    for process in started:
        session.kill(process.pid)
        process.communicate()


def states(of_session: int) -> set[str]:
    """Of its processes: T where one stands still, Z where it has ended."""
    found = set()
    for pid in session.processes(of_session):
        with contextlib.suppress(OSError):  # it has just ended
            found.add(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0])
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.002)


def test_what_stands_still_uses_nothing_and_goes_on(running: Callable[[str], int]) -> None:
    busy = running(SPINS)

    def used_s() -> float:
        return proctree.usage(busy).cpu_s

    wait_until(lambda: used_s() > 0.05)
    frozen = freezing.freeze(busy)
    assert frozen == freezing.Frozen(frozenset({busy}), frozenset())
    wait_until(lambda: states(busy) == {"T"})
    before = used_s()
    time.sleep(0.05)
    assert used_s() == before
    assert not freezing.thaw(busy, frozen)
    wait_until(lambda: used_s() > before)


def test_a_session_that_forks_meanwhile_is_stopped_whole(running: Callable[[str], int]) -> None:
    breeding = running(BREEDS)
    wait_until(lambda: len(session.processes(breeding)) > 6)
    for _ in range(20):
        freezing.freeze(breeding)
        wait_until(lambda: states(breeding) <= {"T", "Z"})
        freezing.thaw(breeding)


def test_a_process_that_came_to_a_frozen_session_is_seen(running: Callable[[str], int]) -> None:
    """Whoever isn't stopped may start one; here as if one of it hadn't been there before."""
    grown = running("import signal; signal.pause()")
    unseen = freezing.Frozen(frozenset(), frozenset())
    assert freezing.thaw(grown, unseen)
    freezing.freeze(grown)
    wait_until(lambda: states(grown) == {"T"})
    assert not freezing.thaw(grown, unseen)


def test_a_session_that_has_ended_is_nothing_to_stop(running: Callable[[str], int]) -> None:
    ended = running("pass")
    wait_until(lambda: states(ended) == {"Z"})
    freezing.freeze(ended)
    freezing.thaw(ended)


def test_a_frozen_server_hears_that_it_is_to_stop(tmp_path: Path) -> None:
    sound = Strategy(command="{python} -m servers.per_client.forking_bare {options}", name="forking", cwd=ROOT)
    server = Server.start("forking", sound, {"service": "echo", "recv_size": 65536}, logs=tmp_path)
    server.wait_ready(60)
    freezing.freeze(server.pid)
    wait_until(lambda: states(server.pid) == {"T"})
    ended = server.stop(5)
    assert (ended.exit_code, ended.problems) == (0, [])


def test_the_watchdog_ends_what_stands_still(running: Callable[[str], int]) -> None:
    guarded = running(SPINS)
    with Watchdog() as watchdog:
        watchdog.guard(guarded)
        freezing.freeze(guarded)
        wait_until(lambda: states(guarded) == {"T"})
    assert session.members(guarded) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start what isn't its own")
def test_what_is_another_users_is_told(running: Callable[[str], int]) -> None:
    """The one who freezes is nobody here, and the session is of another user."""
    foreign = running("import os, signal; os.setuid(1); signal.pause()")
    wait_until(lambda: os.stat(f"/proc/{foreign}").st_uid == 1)
    freezes = "import os, sys; from harness.processes import freezing; os.setuid(65534); "
    freezes += "print(*freezing.freeze(int(sys.argv[1])).defiant)"
    told = subprocess.run(
        [sys.executable, "-c", freezes, str(foreign)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert told.stdout.split() == [str(foreign)]
