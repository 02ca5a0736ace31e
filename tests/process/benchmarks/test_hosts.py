"""What two workers are compared by: does it measure anything, on as few CPUs as there are? Never how much."""

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from benchmarks import hosts

needs_a_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@needs_a_compiler
def test_the_server_s_processes_answer_all_and_end_together(tmp_path: Path) -> None:
    with ExitStack() as stack:
        host, port = stack.enter_context(hosts.serving(tmp_path, {0})).split(":")
        server = [process for process in psutil.Process().children() if process.name() == "bare"]
        family = [*server, *server[0].children()]
        assert len(family) == hosts.PROCESSES
        for number in range(20):
            sock = stack.enter_context(socket.create_connection((host, int(port)), timeout=60))
            sock.sendall(b"%d" % number)
            assert sock.recv(64) == b"%d" % number
    gone, alive = psutil.wait_procs(family, timeout=60)
    assert (len(gone), alive) == (hosts.PROCESSES, [])


def test_with_too_few_cpus_there_is_no_figure_and_it_says_so() -> None:
    enough, few = hosts.told([1.8, 1.9, 1.7], range(hosts.CPUS)), hosts.told([1.0, 1.1, 0.9], range(2))
    assert (enough.of, enough.value) == ("requests per second", 1.8)
    assert few.value is None
    assert few.of.endswith(f"a test of function: on 2 of the {hosts.CPUS} CPUs that it takes")
