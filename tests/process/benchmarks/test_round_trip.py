"""The C client that our round trips are compared with: does it measure anything? Never how much."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.round_trip import build
from harness.processes.server import Server
from tests.support.project import STRATEGIES

COMPILER = shutil.which("cc")


@pytest.fixture
def client(tmp_path: Path) -> Path:
    if COMPILER is None:
        pytest.skip("no C compiler")
    return build(COMPILER, tmp_path)


@pytest.mark.parametrize("size", [11, 64, 16384])
def test_prints_the_median_of_a_real_server(client: Path, start: Callable[..., Server], size: int) -> None:
    server = start(STRATEGIES["epoll"])
    ended = run(client, server.endpoint.port, size)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 0


def test_server_that_is_not_there(client: Path, start: Callable[..., Server]) -> None:
    server = start(STRATEGIES["epoll"])
    server.stop()
    ended = run(client, server.endpoint.port, 64)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Connection refused" in ended.stderr


def test_wrong_reply_is_no_round_trip(client: Path, start: Callable[..., Server]) -> None:
    """Of as many bytes as were sent, but others."""
    server = start(STRATEGIES["epoll"], service="greet")
    ended = run(client, server.endpoint.port, 26)
    assert (ended.returncode, ended.stdout) == (1, "")


def run(client: Path, port: int, size: int) -> "subprocess.CompletedProcess[str]":
    command = [client, str(port), str(size), "0.05"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
