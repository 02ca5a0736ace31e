"""Gates, soaks, company and rates whose clients come from two hosts: each does there what it does at home."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.bench import Bench
from tests.support.namespaces import Network
from tests.support.over_hosts import FROM, PATIENT, Start, starting

SETTINGS = f"""
[window]
request_timeout_s = 2.0
{PATIENT}
[open]
arrivals = "even"
counted_s = 0.5
[profiles.one]
blocks = 2
rounds = 1
matrix = [{{ service = ["echo"], clients = [6] }}]
[profiles.beside]
blocks = 2
rounds = 1
matrix = [
    {{ service = ["echo"], clients = [6], company = ["idle", "dribble", "churn", "chat"], company_sizes = [20] }},
    {{ service = ["echo"], clients = [6], company = ["idle"], company_sizes = [0, 20], along = "company_sizes" }},
]
[profiles.rates]
blocks = 2
rounds = 2
matrix = [{{ service = ["echo"], clients = [7], load = "open", rate = ["200", "20%"] }}]
[profiles.ending]
blocks = 2
rounds = 1
matrix = [{{ service = ["echo"], clients = [4], requests_per_connection = [1] }}]
[strategies]
"""


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    return network("bench", "one", "two")


@pytest.fixture
def start(hosts: Network, tmp_path: Path) -> Iterator[Start]:
    """start(verb, *options): with a worker on each of two hosts."""
    with starting(tmp_path, hosts, ("one", "two"), settings=SETTINGS) as begin:
        yield lambda verb, *options: begin(*FROM, *options, verb=verb)


def made_by_both(bench: Bench, strategy: str) -> bool:
    rows = bench.windows(strategy)
    return bool(rows) and all((row["workers"], row["elsewhere"], row["errors"]) == (2, 2, {}) for row in rows)


def test_a_gate_pairs_base_and_head_in_each_round(start: Start) -> None:
    bench = start("gate", "--calibrate", "--strategies", "epoll", "--profile", "one", "--budget", "40s")
    assert bench.ended() == 0, bench.output
    assert made_by_both(bench, "epoll")
    lost = {row["block"] for row in bench.failures("epoll")}
    places = [{(row["block"], row["round"]) for row in bench.windows("epoll")
               if row["variant"] == variant and row["block"] not in lost} for variant in ("base", "head")]  # fmt: skip
    assert places[0] == places[1]
    assert len(places[0]) + len(lost) >= 10
    assert "The working tree against itself" in bench.output
    assert (bench.folder / "gate.md").exists()
    assert bench.described["outcome"] == "complete"
    assert bench.nothing_left()


def test_a_gate_whose_worker_is_lost_decides_nothing_if_it_is_to_stop(start: Start, hosts: Network) -> None:
    """It is no regression: nobody's server did it."""
    bench = start("gate", "--calibrate", "--strategies", "epoll", "--profile", "one", "--budget", "60s",
                  "--on-loss", "stop")  # fmt: skip
    bench.wait_for_windows(block=1)
    hosts["one"].started[-1].kill()
    assert bench.ended() == 4, bench.output
    assert "its clients are lost" in bench.output
    assert "Traceback" not in bench.output
    assert {row["fault"] for row in bench.failures("epoll")} == {"loader"}
    assert bench.nothing_left()


def test_a_soak_is_told_second_by_second(start: Start) -> None:
    bench = start("soak", "--strategies", "epoll", "--rate", "100", "--clients", "6", "--for", "6s")
    assert bench.ended() == 0, bench.output
    assert made_by_both(bench, "epoll")
    windows = bench.windows("epoll")
    assert len(windows) + len(bench.failures("epoll")) == 6
    assert sum(row["offered"] for row in windows) == pytest.approx(100 * len(windows), abs=2 * len(windows))  # even
    assert len((bench.folder / "soak.jsonl").read_text().splitlines()) == len(windows)
    assert "No stall of the server's in" in bench.output or "Stall: at" in bench.output
    assert (bench.folder / "report.html").exists()
    assert bench.nothing_left()


def test_a_soak_that_loses_a_worker_ends_and_keeps_what_it_saw(start: Start, hosts: Network) -> None:
    """With those that remain it would be another one."""
    bench = start("soak", "--strategies", "epoll", "--rate", "100", "--clients", "6", "--for", "60s")
    bench.wait_for_windows(block=0)
    hosts["one"].started[-1].kill()
    assert bench.ended(60) == 1, bench.output
    (end,) = (line for line in bench.output.splitlines() if line.startswith("Given up: "))
    assert end.startswith("Given up: one has not been heard of")
    assert end.endswith("begin the soak anew")
    assert bench.described["outcome"] == "given up"
    assert bench.windows("epoll")
    assert bench.nothing_left()


def test_company_is_at_the_servers_while_others_ask_from_elsewhere(start: Start) -> None:
    bench = start("bench", "--strategies", "epoll", "--profile", "beside")
    assert bench.ended() == 0, bench.output
    assert made_by_both(bench, "epoll")
    rows = bench.windows("epoll")
    assert {(row["company"], row["company_size"]) for row in rows} >= {
        ("idle", 0), ("idle", 20), ("dribble", 20), ("churn", 20), ("chat", 20),
    }  # fmt: skip
    for row in rows:
        assert row["requests"] > 0
        if row["company_size"] and row["company"] != "churn":
            assert row["company_open"] == 20
    assert bench.described["loader_cpus"] == []  # so that nobody takes the company for the loader's neighbour
    assert "Latencies are between " in bench.output
    assert bench.nothing_left()


def test_a_rate_is_that_of_all_workers_together(start: Start) -> None:
    bench = start("bench", "--strategies", "epoll,asyncio", "--profile", "rates")
    assert bench.ended() == 0, bench.output
    assert made_by_both(bench, "epoll")
    for name in ("epoll", "asyncio"):
        given = [row for row in bench.windows(name) if row["rate"] == "200"]
        assert all(row["rate_rps"] == pytest.approx(200) for row in given)
        assert {row["offered"] for row in given} <= {99, 100, 101}  # in half a second, at even distances
        shares = [row for row in bench.windows(name) if row["rate"] == "20%"]
        assert all(row["rate_rps"] > 0 and row["offered"] for row in shares)
    assert bench.nothing_left()


def test_hosts_that_run_out_of_ports_are_named_before_anything_is_measured(start: Start, hosts: Network) -> None:
    """Connections that clients end leave their ports taken; which `sysctl` frees them is said, and does."""
    options = ("--strategies", "epoll", "--profile", "ending")
    bench = start("bench", *options)
    assert bench.ended(60) == 2, bench.output
    last = bench.output.splitlines()[-1]
    assert "clients on one end their connections" in last or "clients on two end their connections" in last
    assert "`sysctl net.ipv4.tcp_tw_reuse=1` there frees them" in last
    assert "Traceback" not in bench.output
    assert not bench.rows()
    assert bench.nothing_left()
    for name in ("one", "two"):
        assert hosts[name].run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse").returncode == 0
    again = start("bench", *options)
    assert again.ended() == 0, again.output
    assert made_by_both(again, "epoll")
