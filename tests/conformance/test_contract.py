"""What a client's socket can't see of each strategy: how it starts and stops, and what it takes up."""

import resource
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.config import Strategy
from harness.processes.server import CANNOT_START, Server
from tests.support.project import ROOT
from tests.support.served import clients, growth_under_flood, run, talk, talk_at_last

Start = Callable[..., Server]

GROWTH = 64 * 2**20  # bytes that they may grow by while nobody reads


# --- starting ----------------------------------------------------------------------------------------------


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


# --- stopping ----------------------------------------------------------------------------------------------


def test_stops_in_the_midst_of_clients(strategy: Strategy, start: Start) -> None:
    server = start(strategy)
    with clients(server, 20) as connected:
        for sock in connected[: strategy.serves]:
            talk(sock)
        started = time.monotonic()
        assert server.stop().problems == []
        assert time.monotonic() - started < 2


# --- what they take up -------------------------------------------------------------------------------------


def test_memory_is_bounded_though_nobody_reads(strategy: Strategy, start: Start) -> None:
    assert growth_under_flood(start(strategy), strategy.serves) < GROWTH


def test_flood_finds_a_server_that_buffers_without_bound(start: Start) -> None:
    greedy = Strategy(
        command="{python} tests/support/misbehaving/nonconforming.py BuffersWithoutBound", name="greedy", cwd=ROOT
    )
    assert growth_under_flood(start(greedy)) > GROWTH


def test_full_descriptor_table_is_survived(strategy: Strategy, start: Start, tmp_path: Path) -> None:
    """EMFILE at accept: no spinning, few words, and service again once descriptors are free."""
    server = start(strategy)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (40, 40))
    with clients(server, 60):
        before = cpu(server)
        time.sleep(0.3)  # what is tested is what it burns in this time
        assert cpu(server) - before < 0.2
    server.raise_if_dead()
    talk_at_last(server)
    assert len((tmp_path / f"{strategy.name}.err").read_text().splitlines()) < 100


def cpu(server: Server) -> float:
    """Seconds of CPU time of the server's own process, in user and kernel mode."""
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)
