"""What a session used, told by proctree, against what its processes are known to have done."""

import subprocess
import sys
import time

import pytest

from harness.accounts import proctree
from harness.accounts.proctree import Usage
from harness.processes import freezing, session
from tests.support.tree import Tree

BURNT_S = 0.05
NEAR_S = 0.03  # two roundings to clock ticks of 10 ms, and a process's own birth


@pytest.mark.parametrize("where", ["burn", "thread", "zombie"])
def test_cpu_time_of_the_living_is_exact(tree: Tree, where: str) -> None:
    used, _ = tree.does(where, BURNT_S)
    assert BURNT_S <= used.cpu_s < BURNT_S + NEAR_S


@pytest.mark.parametrize("where", ["child", "grandchild"])
def test_cpu_time_of_the_dead_is_counted(tree: Tree, where: str) -> None:
    used, children_s = tree.does(where, BURNT_S)
    assert children_s >= BURNT_S
    assert abs(used.cpu_s - children_s) < NEAR_S


def test_a_process_that_waits_for_a_cpu_wants_one(tree: Tree) -> None:
    """One that has just been told to go on does at once, though its clock has not moved yet."""
    deadline = time.monotonic() + 60.0  # it may still be on its way to where it waits
    while proctree.wants_cpu(tree.process.pid):
        assert time.monotonic() < deadline
    spins = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], start_new_session=True,
                             stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert spins.stdout is not None
        spins.stdout.readline()
        assert proctree.wants_cpu(spins.pid)
        freezing.freeze(spins.pid)
        deadline = time.monotonic() + 60
        while proctree.wants_cpu(spins.pid):
            assert time.monotonic() < deadline
        freezing.thaw(spins.pid)
        assert proctree.wants_cpu(spins.pid)
    finally:
        session.kill(spins.pid)
        spins.communicate()


def test_many_short_children_add_up(tree: Tree) -> None:
    before = proctree.usage(tree.process.pid)
    for _ in range(40):
        _, children_s = tree.does("child", 0.003)
    used = proctree.usage(tree.process.pid) - before
    assert children_s >= 40 * 0.003
    assert used.cpu_s >= children_s - NEAR_S  # and the forking itself on top


def test_faults_grow_with_touched_memory(tree: Tree) -> None:
    idle, _ = tree.does("burn", 0)
    touched, _ = tree.does("touch", 2000)
    assert touched.minor_faults - idle.minor_faults >= 2000 * 0.9  # the kernel may give several at once


def test_faults_of_a_dead_child_are_counted(tree: Tree) -> None:
    used, _ = tree.does("child", 0)
    assert used.minor_faults > 0


def test_processes_are_counted(tree: Tree) -> None:
    assert proctree.usage(tree.process.pid).processes == 1
    tree.does("fork")
    assert proctree.usage(tree.process.pid).processes == 2
    assert len(session.members(tree.process.pid)) == 2


def test_session_that_is_gone() -> None:
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    assert proctree.usage(process.pid) == Usage(0, 0, 0, 0)
