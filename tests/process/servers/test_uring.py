"""io_uring: skipped where it is forbidden, and goes on after having been stopped."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import Strategy
from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

# Makes io_uring_setup (425 on all machines) fail with EPERM, as containers do, in a program that is then run.
FORBID = """
import ctypes, os, struct, sys
code = struct.pack("HBBI", 0x20, 0, 0, 0) + struct.pack("HBBI", 0x15, 0, 1, 425)
code += struct.pack("HBBI", 0x06, 0, 0, 0x00050001) + struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
kept = ctypes.create_string_buffer(code)
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(kept)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
if prctl(38, 1, None, 0, 0) or prctl(22, 2, ctypes.addressof(program), 0, 0):
    sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_a_kernel_that_forbids_it_is_told_with_3() -> None:
    forbidden = [sys.executable, "-c", FORBID, *command(STRATEGIES["io_uring"])]
    ended = subprocess.run(forbidden, cwd=ROOT, capture_output=True, text=True, timeout=60)
    if ended.returncode == 77:
        pytest.skip("a program can't be forbidden system calls here")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "no io_uring here: Operation not permitted; it may be forbidden" in ended.stderr


def test_a_kernel_that_is_too_old_is_told_as_such() -> None:
    """It doesn't know what we ask of it (EINVAL)."""
    older = FORBID.replace("0x00050001", f"{0x00050000 + errno.EINVAL:#x}")
    ended = subprocess.run(
        [sys.executable, "-c", older, *command(STRATEGIES["io_uring"])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if ended.returncode == 77:
        pytest.skip("a program can't be forbidden system calls here")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "no io_uring here: Invalid argument; the kernel is older than 6.1" in ended.stderr


def test_where_it_is_forbidden_the_command_line_is_read_all_the_same() -> None:
    forbidden = [sys.executable, "-c", FORBID, *command(STRATEGIES["io_uring"], "--port", "many")]
    ended = subprocess.run(forbidden, cwd=ROOT, capture_output=True, text=True, timeout=60)
    if ended.returncode == 77:
        pytest.skip("a program can't be forbidden system calls here")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--port" in ended.stderr


def test_a_forbidden_strategy_is_skipped_with_its_reason(start: Start, tmp_path: Path) -> None:
    wrapper = tmp_path / "forbid.py"
    wrapper.write_text(FORBID)
    mine = Strategy(
        command=f"{{python}} {wrapper} {STRATEGIES['io_uring'].command}",
        name="forbidden",
        cwd=ROOT,
        family="completion",
    )
    with pytest.raises(pytest.skip.Exception, match="no io_uring here"):
        start(mine)


def test_a_stop_and_a_continuation_leave_it_waiting(start: Start) -> None:
    """The wait is interrupted though no handler ran."""
    server = start(STRATEGIES["io_uring"])
    with socket.create_connection(server.address, 10) as sock:
        for _ in range(5):
            os.kill(server.pid, signal.SIGSTOP)
            sock.sendall(b"a message\r\n")
            os.kill(server.pid, signal.SIGCONT)
            assert sock.recv(100) == b"a message\r\n"
