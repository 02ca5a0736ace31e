"""A run whose clients come from two hosts, of servers on a third; and what becomes of it when one of them is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.namespaces import Network
from tests.support.over_hosts import FROM, PATIENT, Start, attached, serving, starting, worker

NAMES = ("epoll", "twisted", "threading")
SETTINGS = f"""
[window]
request_timeout_s = 0.5
{PATIENT}
[profiles.over]
blocks = 2
rounds = 2
matrix = [{{ service = ["echo"], clients = [7] }}]
[profiles.endless]
blocks = 2
rounds = 500
matrix = [{{ service = ["echo"], clients = [7] }}]
[strategies]
"""
AWAY_S = 0.005
OPTIONS = ("--strategies", ",".join(NAMES), *FROM, "--allow-remote")


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    return network("bench", "one", "two", "server")


@pytest.fixture(scope="module")
def lines(hosts: Network) -> str:
    return attached(serving(hosts["server"], NAMES))


@pytest.fixture
def start(hosts: Network, lines: str, tmp_path: Path) -> Iterator[Start]:
    """start(*options): a run of the servers there, which waits for two workers."""
    with starting(tmp_path, hosts, settings=SETTINGS + lines) as begin:
        yield lambda *options: begin(*OPTIONS, *options)


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


def test_a_worker_that_is_5_ms_away_begins_with_the_others(network: Callable[..., Network], tmp_path: Path) -> None:
    """Its way is told apart from the other's, and its clock known as well as messages take to tell it."""
    hosts = network("bench", "one", "two", "server")
    hosts["one"].move_away(AWAY_S)
    settings = SETTINGS + attached(serving(hosts["server"], NAMES))
    bench = Bench(tmp_path, {}, *OPTIONS, "--profile", "over", settings=settings, host=hosts["bench"])
    try:
        workers = [worker(hosts[name], bench) for name in ("one", "two")]
        assert bench.ended() == 0, bench.output
        assert [one.wait(10) for one in workers] == [0, 0]
        there = {one["name"]: one for one in bench.described["loader_workers"]}
        assert there["one"]["clock_uncertainty_s"] >= AWAY_S > there["two"]["clock_uncertainty_s"]
        trips = bench.described["round_trips"]
        assert {(trip["client_host"], trip["strategy"]) for trip in trips} == {
            (host, name) for host in ("one", "two") for name in NAMES
        }
        assert min(trip["least_s"] for trip in trips if trip["client_host"] == "one") >= 2 * AWAY_S
        assert min(trip["least_s"] for trip in trips if trip["client_host"] == "two") < 2 * AWAY_S
        for name, cell in bench.cells().items():
            assert cell["latency_between"] == "one (192.0.2.2), two (192.0.2.3) and 192.0.2.4", name
            assert float(cell["round_trip_us"]) >= 2 * AWAY_S * 1e6
            assert cell["network_round_trip_us"] == "", "it would be that of the run's host"
            assert all(row["start_range_s"] <= 0.2 + 4 * AWAY_S for row in bench.windows(name))  # within the head
    finally:
        bench.close()


def test_the_run_itself_is_killed(start: Start, hosts: Network) -> None:
    bench = start("--profile", "endless")
    workers = [worker(hosts[name], bench) for name in ("one", "two")]
    bench.wait_for_windows(block=0)
    bench.process.kill()
    assert bench.nothing_left()
    assert [one.wait(10) in (0, 1) for one in workers] == [True, True]
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
