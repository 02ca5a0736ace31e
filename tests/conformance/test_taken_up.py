"""What each strategy takes up: memory while nobody reads, CPU time while descriptors are out."""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from harness.config import Strategy
from harness.processes.server import Server
from tests.support.project import ROOT
from tests.support.served import clients, growth_under_flood, talk_at_last

Start = Callable[..., Server]

GROWTH = 64 * 2**20  # bytes that they may grow by while nobody reads


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
