"""The fault table: of servers with a known fault, what limits them and whether their figures are to be trusted."""

import os
from collections.abc import Iterator

import pytest

from tests.support.bench import MISBEHAVE, Bench

SETTINGS = """
[window]
lengths = [{ clients = 3, head_s = 0.02, counted_s = 0.1 }]
request_timeout_s = 0.1
[profiles.faults]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [3], sizes = [64] }]
[strategies]
"""

# fault -> status, what limits, verdict, a word of the reason; None where it depends on the machine
FAULTS = {
    "dies": ("failed", "errors", "doubtful", "exited with 7"),
    "tires": ("failed", "errors", "doubtful", "no answer"),
    "lies": (None, "errors", "doubtful", "wrong replies"),
    "half-answers": (None, "errors", "doubtful", "requests failed"),
    "over-answers": (None, "errors", "doubtful", "wrong replies"),
    "slow": (None, "server", None, ""),
    "stalls": (None, "server", None, ""),
}


@pytest.fixture(scope="module")
def run_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    strategies = {name: f"{MISBEHAVE} {name} --sound-starts 1" for name in FAULTS}
    folder = tmp_path_factory.mktemp("faults")
    options = ("--profile", "faults", "--strategies", ",".join([*strategies, "epoll"]))
    bench = Bench(folder, strategies, *options, settings=SETTINGS)
    try:
        bench.ended()
        yield bench
    finally:
        bench.close()


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named(run_of_all: Bench, name: str) -> None:
    status, limited_by, verdict, reason = FAULTS[name]
    cell = run_of_all.cells()[name]
    assert status in (None, cell["status"]), cell
    assert cell["limited_by"] == limited_by, cell
    assert verdict in (None, cell["verdict"]), cell
    assert reason in cell["reason"], cell


def test_loader_on_the_servers_cpu_limits(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Confined to one CPU with the servers it takes from them what it needs itself."""
    folder = tmp_path_factory.mktemp("shared")
    cpu = min(os.sched_getaffinity(0))
    shared = f"[servers]\ncpus = [{cpu}]\n[loadgen]\ncpus = [{cpu}]\n"
    bench = Bench(folder, {}, "--profile", "faults", "--strategies", "epoll,select", settings=shared + SETTINGS)
    try:
        assert bench.ended() == 0, bench.output
        for cell in bench.cells().values():
            assert (cell["limited_by"], cell["verdict"]) == ("loader", "doubtful"), cell
            assert "loader" in cell["reason"]
    finally:
        bench.close()
