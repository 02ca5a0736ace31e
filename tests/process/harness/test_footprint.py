"""What a session holds and did, told by footprint, against what others count: psutil, the kernel, the processes."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from harness.accounts import footprint
from harness.accounts.footprint import Activity, Memory, activity, memory
from harness.processes import session
from harness.processes.server import Server
from tests.support.project import STRATEGIES
from tests.support.tree import Tree

Start = Callable[..., Server]
NEAR = 0.10
DEADLINE_S = 60.0
BURNT_S = 1.0
MESSAGE = b"x" * 62 + b"\r\n"
HELD = 64 * 2**20

HOLDS_AND_FORKS = f"""
import os, signal, sys
held = bytearray(os.urandom(2**20) * {HELD // 2**20})
print(flush=True)
sys.stdin.readline()
if os.fork():
    print(flush=True)
signal.pause()
"""
MAPPED = 2**24
MAPS = f"""
import mmap, sys, tempfile
print(flush=True)
sys.stdin.readline()
with tempfile.NamedTemporaryFile() as file:
    file.write(b"x" * {MAPPED})
    file.flush()
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    sum(mapped[::4096])
print(flush=True)
sys.stdin.readline()
shared = mmap.mmap(-1, {MAPPED})
for place in range(0, {MAPPED}, mmap.PAGESIZE):
    shared[place] = 1
print(flush=True)
sys.stdin.readline()
"""
SLEEPS = """
import sys, threading, time
begin, done = threading.Semaphore(0), threading.Semaphore(0)
def sleep():
    while begin.acquire():
        for _ in range(300):
            time.sleep(0.001)
        done.release()
threading.Thread(target=sleep, daemon=True).start()
print(flush=True)
for line in sys.stdin:
    begin.release()
    done.acquire()
    print(flush=True)
"""
BURNS_USER_TIME = """
import resource, signal
while resource.getrusage(resource.RUSAGE_SELF).ru_utime < 0.6:
    sum(range(100_000))
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime, used.ru_stime, flush=True)
signal.pause()
"""


@pytest.fixture
def spawn() -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Starts a script in a session of its own."""
    with ExitStack() as stack:

        def spawned(script: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-c", script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            stack.callback(process.communicate)
            stack.callback(session.kill, process.pid)
            return process

        yield spawned


# --- memory, processes, threads ----------------------------------------------------------------------------


def test_shared_pages_of_forked_children_count_once(spawn: Callable[[str], "subprocess.Popen[str]"]) -> None:
    process = spawn(HOLDS_AND_FORKS)
    says(process)
    alone = memory(process.pid)
    says(process, told="fork\n")
    both = memory(process.pid)
    assert (alone.processes, both.processes) == (1, 2)
    assert alone.pss_bytes > HELD
    assert both.pss_bytes < alone.pss_bytes + HELD / 4
    assert alone.own_bytes is not None
    assert both.own_bytes is not None
    assert HELD < alone.own_bytes < alone.pss_bytes
    assert both.own_bytes < alone.own_bytes + HELD / 4


def test_own_memory_is_no_page_of_a_file(spawn: Callable[[str], "subprocess.Popen[str]"]) -> None:
    process = spawn(MAPS)
    found = []
    for told in ("", "file\n", "shared\n"):
        says(process, told=told)
        found.append(memory(process.pid).own_bytes or 0)
    nothing, with_file, with_shared = found
    assert with_file - nothing < MAPPED / 16
    assert with_shared - nothing == pytest.approx(MAPPED, rel=NEAR)


@pytest.mark.parametrize("connections", [1, 100, 500])
@pytest.mark.parametrize("name", ["forking", "threading"])
def test_memory_against_independent_counts(start: Start, name: str, connections: int) -> None:
    server = start(STRATEGIES[name])
    idle = memory(server.pid)
    with clients_of(server, connections):
        held = memory(server.pid)
        members = [psutil.Process(pid) for pid in session.members(server.pid)]
        # Mapping by mapping, where ours reads the kernel's own sum.
        maps = [mapping for process in members for mapping in process.memory_maps()]
        pss = sum(mapping.pss for mapping in maps)
        full = [process.memory_full_info() for process in members]
        assert held.measure == "pss"
        assert held.pss_bytes == pytest.approx(pss, rel=NEAR)
        assert held.pss_bytes == pytest.approx(sum(each.pss for each in full), rel=NEAR)
        assert sum(each.uss for each in full) <= held.pss_bytes <= sum(each.rss for each in full)
        assert held.own_bytes is not None
        least, most = (sum(getattr(mapping, kind) for mapping in maps) for kind in ("private_dirty", "anonymous"))
        assert least <= held.own_bytes <= most
        forks = name == "forking"
        assert held.processes == len(members) == idle.processes + connections * forks
        assert held.threads == sum(each.num_threads() for each in members) == idle.threads + connections
    assert held.pss_bytes > idle.pss_bytes


def test_where_pss_is_not_told_rss_is_and_says_so(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.does("fork")
    parent, _ = sorted(session.members(tree.process.pid))
    told = footprint._rollup
    monkeypatch.setattr(footprint, "_rollup", lambda pid: None if pid == parent else told(pid))
    before = rss_of(tree.process.pid)  # the child may still be touching its pages: RSS grows meanwhile
    held = memory(tree.process.pid)
    after = rss_of(tree.process.pid)
    assert held.measure == "rss"
    assert (1 - NEAR) * before <= held.pss_bytes <= (1 + NEAR) * after
    assert held.own_bytes is None


def test_where_the_kernel_tells_pss_alone_own_memory_is_not_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """As before Linux 5.4."""
    monkeypatch.setattr(footprint, "_rollup", lambda pid: {"Rss": 8192, "Pss": 4096})
    assert memory(tree.process.pid) == Memory(4096, 1, 1, "pss", None)


def test_zombie_holds_nothing(tree: Tree) -> None:
    before = memory(tree.process.pid)
    tree.does("zombie", 0)
    after = memory(tree.process.pid)
    assert (after.processes, after.threads) == (before.processes, before.threads) == (1, 1)


def test_session_that_is_gone() -> None:
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    assert memory(process.pid) == Memory(0, 0, 0, "pss", None)
    assert activity(process.pid) == Activity(0, 0, 0, 0, 0, frozenset(), 0)


# --- CPU time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 100, 500])
@pytest.mark.parametrize("name", ["forking", "threading"])
def test_cpu_time_against_independent_counts(start: Start, name: str, connections: int) -> None:
    """While all live, the scheduler's account of each thread; when the clients have left, psutil's ticks, which
    only then hold what each child used; when the server has ended, the kernel's bill for it.
    """
    billed = billed_s()
    server = start(STRATEGIES[name])
    idle = memory(server.pid)
    with clients_of(server, connections) as clients:
        deadline = time.monotonic() + DEADLINE_S
        while (living := activity(server.pid)).cpu_s < BURNT_S:
            assert time.monotonic() < deadline
            for _ in range(1 + 2000 // connections):
                echo(clients)
        assert living.cpu_s == pytest.approx(scheduled_s(server.pid), rel=NEAR)
    while psutil.Process(server.pid).children() or memory(server.pid).threads > idle.threads:
        assert time.monotonic() < deadline
    used = activity(server.pid)
    times = psutil.Process(server.pid).cpu_times()
    assert server.stop().problems == []
    user_s, system_s = (now - before for now, before in zip(billed_s(), billed, strict=True))
    assert used.cpu_s > (1 - NEAR) * living.cpu_s  # the dead are told in whole ticks
    assert used.cpu_s == pytest.approx(user_s + system_s, rel=NEAR)
    assert used.cpu_s == pytest.approx(sum(times[:4]), rel=NEAR)
    assert used.user_s == pytest.approx(user_s, abs=NEAR * used.cpu_s)
    assert used.system_s == pytest.approx(system_s, abs=NEAR * used.cpu_s)


def test_user_time_is_told_from_system_time(spawn: Callable[[str], "subprocess.Popen[str]"]) -> None:
    process = spawn(BURNS_USER_TIME)
    user_s, system_s = map(float, says(process).split())
    used = activity(process.pid)
    assert used.user_s == pytest.approx(user_s, abs=NEAR * used.cpu_s)
    assert used.system_s == pytest.approx(system_s, abs=NEAR * used.cpu_s)


def test_cpu_time_of_dead_children_is_counted(tree: Tree) -> None:
    before = activity(tree.process.pid)
    _, children_s = tree.does("child", 0.5)
    assert (activity(tree.process.pid) - before).cpu_s == pytest.approx(children_s, rel=NEAR)


# --- context switches --------------------------------------------------------------------------------------


def test_each_sleep_of_a_thread_is_a_voluntary_switch(spawn: Callable[[str], "subprocess.Popen[str]"]) -> None:
    process = spawn(SLEEPS)
    says(process)
    before = activity(process.pid)
    assert len(before.tasks) == 2
    says(process, told="sleep\n")
    used = activity(process.pid) - before
    assert used.voluntary_switches is not None
    assert used.involuntary_switches is not None
    # Some sleeps are over before the thread has got off its CPU.
    assert used.voluntary_switches >= (1 - NEAR) * 300
    assert used.involuntary_switches >= 0


def test_switches_are_told_while_nothing_ends(tree: Tree) -> None:
    before = activity(tree.process.pid)
    tree.does("burn", 0.1)
    tree.does("fork")
    used = activity(tree.process.pid) - before
    assert used.voluntary_switches is not None
    assert len(used.tasks) == 2


@pytest.mark.parametrize("where", ["thread", "child", "zombie"])
def test_what_was_born_and_ended_in_between_takes_its_switches_along(tree: Tree, where: str) -> None:
    before = activity(tree.process.pid)
    tree.does(where, 0.1)
    deadline = time.monotonic() + DEADLINE_S
    while memory(tree.process.pid).threads > 1:  # a thread that was joined is still to end in the kernel
        assert time.monotonic() < deadline
    used = activity(tree.process.pid) - before
    assert (used.voluntary_switches, used.involuntary_switches) == (None, None)


def test_task_that_is_gone_takes_its_switches_along(tree: Tree) -> None:
    tree.does("fork")
    (child,) = set(session.members(tree.process.pid)) - {tree.process.pid}
    before = activity(tree.process.pid)
    os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE_S
    while child in session.members(tree.process.pid):
        assert time.monotonic() < deadline
    used = activity(tree.process.pid) - before
    assert (used.voluntary_switches, used.involuntary_switches) == (None, None)


# --- helpers -----------------------------------------------------------------------------------------------


@contextmanager
def clients_of(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Connected, with one echo each, so that the server has a process or thread for every one."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(server.address, DEADLINE_S)) for _ in range(count)]
        echo(clients)
        yield clients


def echo(clients: list[socket.socket]) -> None:
    for client in clients:
        client.sendall(MESSAGE)
    for client in clients:
        assert client.recv(len(MESSAGE), socket.MSG_WAITALL) == MESSAGE


def billed_s() -> tuple[float, float]:
    """User and system CPU seconds of all our children that have ended, with theirs."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime, children.ru_stime


def rss_of(session_id: int) -> int:
    return sum(psutil.Process(pid).memory_info().rss for pid in session.members(session_id))


def scheduled_s(session_id: int) -> float:
    """CPU seconds of the living threads of a session."""
    pids = session.members(session_id)
    accounts = [path.read_text() for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(account.split()[0]) for account in accounts) / 1e9


def says(process: "subprocess.Popen[str]", told: str = "") -> str:
    """The next line of a script, told something before."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(told)
    process.stdin.flush()
    line = process.stdout.readline()
    assert line.endswith("\n")
    return line
