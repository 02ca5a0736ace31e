"""What connections that end are compared with: do the benchmark and its C client measure anything? Never how much."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import ending
from harness.processes.server import Server
from tests.support.project import STRATEGIES

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


def test_the_client_has_a_connection_for_each_request(tmp_path: Path, start: Callable[..., Server]) -> None:
    client = ending.build(tmp_path)
    command = [str(client), *map(str, (start(STRATEGIES["epoll"]).endpoint.port, 64, 3, 0.2))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    requests, cpu_s = done.stdout.split()
    assert int(requests) > 0
    assert float(cpu_s) > 0


def test_each_claim_gets_a_ratio_for_each_alternation() -> None:
    found = ending.ratios(2, 0.1)
    assert sorted(found) == sorted(ending.RIVALS)
    assert all(len(values) == 2 and min(values) > 0 for values in found.values())
