"""A run whose clients come from two hosts, of servers on a third; and what becomes of it when one of them is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.namespaces import Network
from tests.support.over_hosts import attached, serving, worker

NAMES = ("epoll", "twisted", "threading")
SETTINGS = """
[window]
request_timeout_s = 0.5
lengths = [{ clients = 1000, head_s = 0.05, counted_s = 0.2 }]
counted_limit_s = 0.2
[profiles.over]
blocks = 2
rounds = 2
matrix = [{ service = ["echo"], clients = [7] }]
[profiles.endless]
blocks = 2
rounds = 500
matrix = [{ service = ["echo"], clients = [7] }]
[strategies]
"""
Start = Callable[..., Bench]


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    return network("bench", "one", "two", "server")


@pytest.fixture(scope="module")
def lines(hosts: Network) -> str:
    return attached(serving(hosts["server"], NAMES))


@pytest.fixture
def start(hosts: Network, lines: str, tmp_path: Path) -> Iterator[Start]:
    """A run with two workers on two hosts; nothing is left of it after the test."""
    started: list[Bench] = []

    def begun(*options: str) -> Bench:
        bench = Bench(
            tmp_path,
            {},
            "--strategies",
            ",".join(NAMES),
            "--workers",
            "2",
            "--from-hosts",
            "2",
            "--listen",
            "192.0.2.1",
            "--allow-remote",
            *options,
            settings=SETTINGS + lines,
            host=hosts["bench"],
        )
        started.append(bench)
        return bench

    yield begun
    for bench in started:
        bench.close()


def test_clients_of_two_hosts_begin_together_and_all_is_right(start: Start, hosts: Network) -> None:
    """Whose clocks have nothing in common."""
    bench = start("--profile", "over")
    workers = [worker(hosts[name], bench) for name in ("one", "two")]
    assert bench.ended() == 0, bench.output
    assert [one.wait(10) for one in workers] == [0, 0]
    assert bench.nothing_left()
    for name, cell in bench.cells().items():
        assert (cell["status"], cell["errors"], cell["starved"]) == ("ok", "0", "0"), name
        for row in bench.windows(name):
            assert 0 < row["start_range_s"] < row["counted_s"]  # recorded; else nothing would be shared
            assert row["requests"] > 0


@pytest.mark.parametrize("way", ["stop", "go-on"])
def test_a_worker_that_is_killed(start: Start, hosts: Network, way: str) -> None:
    bench = start("--profile", "endless", "--on-loss", way)
    lost, left = (worker(hosts[name], bench) for name in ("one", "two"))
    bench.wait_for_windows(block=0)
    kept = bench.windows("epoll")
    lost.kill()
    if way == "go-on":
        many = len(bench.rows())
        bench.wait(lambda: len(bench.rows()) > many + 10)
        bench.process.terminate()
    assert bench.ended() != 0
    assert bench.windows("epoll")[: len(kept)] == kept
    assert "192.0.2.2" in bench.output or " one" in bench.output
    assert bench.nothing_left()
    assert left.poll() is not None


def test_the_run_itself_is_killed(start: Start, hosts: Network) -> None:
    bench = start("--profile", "endless")
    workers = [worker(hosts[name], bench) for name in ("one", "two")]
    bench.wait_for_windows(block=0)
    bench.process.kill()
    assert bench.nothing_left()
    assert None not in [one.poll() for one in workers]
    assert bench.windows("epoll") or bench.windows("twisted") or bench.windows("threading")


def test_the_servers_host_is_cut_off(start: Start, hosts: Network) -> None:
    bench = start("--profile", "over")
    for name in ("one", "two"):
        worker(hosts[name], bench)
    bench.wait_for_windows(block=0)
    kept = bench.rows()
    hosts["server"].cut_off()
    try:
        bench.ended()
    finally:
        hosts["server"].restore()
    assert bench.rows()[: len(kept)] == kept
    assert "Traceback" not in bench.output
    assert any(bench.failures(name) for name in NAMES)
    assert bench.nothing_left()
