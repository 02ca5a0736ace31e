"""What a client's socket can't see of each strategy: how it starts and stops."""

import socket
import subprocess
from collections.abc import Callable

import pytest

from harness.config import Strategy
from harness.processes.server import CANNOT_START, Server
from tests.support.served import clients, run, talk

Start = Callable[..., Server]


def run_here(strategy: Strategy, *options: str) -> "subprocess.CompletedProcess[str]":
    """The same, of a strategy that may be unable to start here, whatever its options."""
    ended = run(strategy, *options)
    if ended.returncode == CANNOT_START and "Address already in use" not in ended.stderr:
        pytest.skip(ended.stderr)
    return ended


def test_bad_service_is_refused_with_2(strategy: Strategy) -> None:
    ended = run_here(strategy, "--service", "ecko")
    assert ended.returncode == 2
    assert "invalid choice: 'ecko'" in ended.stderr
    assert ended.stdout == ""


def test_help_says_what_the_strategy_is(strategy: Strategy) -> None:
    ended = run_here(strategy, "--help")
    assert ended.returncode == 0
    assert "Mechanism:" in ended.stdout
    assert "127.0.0.1" in ended.stdout
    if strategy.listing:
        assert f"Listing {strategy.listing}:" in ended.stdout


def test_taken_port_is_told_with_3(strategy: Strategy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_here(strategy, "--port", str(port))
    assert ended.returncode == 3
    assert len(ended.stderr.splitlines()) == 1
    assert f"127.0.0.1:{port}: Address already in use" in ended.stderr
    assert ended.stdout == ""


def test_stops_in_the_midst_of_clients(strategy: Strategy, start: Start) -> None:
    server = start(strategy)
    with clients(server, 20) as connected:
        for sock in connected[: strategy.serves]:
            talk(sock)
        assert server.stop().problems == []  # one that takes longer than the contract allows is killed
