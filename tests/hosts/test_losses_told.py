"""A loss is said the moment that it happens, to people and to programs: of a worker, and of a server elsewhere."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import SETTINGS, Bench
from tests.support.namespaces import Network
from tests.support.over_hosts import FROM, Start, attached, serving, starting

SETTLED = SETTINGS.replace("[window]", "[window]\nrequest_timeout_s = 0.5")


@pytest.fixture(scope="module")
def hosts(network: Callable[..., Network]) -> Network:
    return network("bench", "machine2", "machine3")


@pytest.fixture
def start(hosts: Network, tmp_path: Path) -> Iterator[Start]:
    """start(*options): a run in its second block; with workers from two hosts it has one on each."""
    with starting(tmp_path, hosts, ("machine2", "machine3"), settings=SETTLED) as begin:

        def under_way(*options: str, **how: Any) -> Bench:
            bench = begin("--profile", "endless", *options, **how)
            bench.wait_for_windows(block=1)
            return bench

        yield under_way


def line_with(bench: Bench, words: str) -> str:
    """What the run says with these words in it, while it goes on."""
    bench.wait(lambda: words in bench.output or bench.process.poll() is not None)
    assert bench.process.poll() is None, bench.output
    return next(line for line in bench.output.splitlines() if words in line)


def events(bench: Bench, kind: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in bench.output.splitlines(keepends=True) if line.endswith("}\n")]
    return [one for one in told if one["event"] == "note" and one["kind"] == kind]


def kill_worker(hosts: Network, name: str) -> None:
    hosts[name].started[-1].kill()


def test_of_a_worker_a_line(start: Start, hosts: Network) -> None:
    bench = start("--strategies", "epoll", *FROM)
    kill_worker(hosts, "machine3")
    line = line_with(bench, "machine3 (192.0.2.3) is lost in block ")
    assert line.startswith("Note: machine3 (192.0.2.3) is lost in block ")
    assert "hangs, was killed, or its host is cut off" in line
    assert line.endswith("; the run goes on with 1 worker")


def test_of_a_worker_an_event(start: Start, hosts: Network) -> None:
    bench = start("--strategies", "epoll", "--json", *FROM)
    kill_worker(hosts, "machine3")
    bench.wait(lambda: bool(events(bench, "lost-workers")) or bench.process.poll() is not None)
    assert bench.process.poll() is None, bench.output
    (told,) = events(bench, "lost-workers")
    assert told["seen"].startswith("machine3 (192.0.2.3) is lost in block ")


def test_of_a_worker_it_is_said_that_the_run_ends(start: Start, hosts: Network) -> None:
    bench = start("--strategies", "epoll", "--on-loss", "stop", *FROM)
    kill_worker(hosts, "machine3")
    assert bench.ended(60) == 1, bench.output
    line = next(line for line in bench.output.splitlines() if line.startswith("Note: machine3 (192.0.2.3) is lost"))
    assert line.endswith("; the run ends")


@pytest.mark.parametrize("way", ["lines", "quiet", "json"])
def test_of_an_attached_server_that_dies_once(start: Start, hosts: Network, way: str) -> None:
    there = serving(hosts["machine2"], ["epoll"])
    options = () if way == "lines" else (f"--{way}",)
    settings = SETTLED + attached({"there": there["epoll"]})
    bench = start("--strategies", "there,epoll", "--allow-remote", *options, settings=settings)
    hosts["machine2"].started[-1].kill()
    words = f"there@attached ({there['epoll']}) is lost in block "
    line = line_with(bench, words)
    lost_in = max(row["block"] for row in bench.rows())
    bench.wait_for_windows(block=lost_in + 2)
    if way == "json":
        (told,) = events(bench, "lost-server")
        assert told["seen"].startswith(words)
    else:
        assert line.startswith(f"Note: {words}")
        assert line.endswith("the run goes on without it, and asks it again in the next block")
    assert bench.output.count(words) == 1
    assert bench.windows("epoll")


def test_of_a_server_of_the_run_s_own_too(start: Start, hosts: Network) -> None:
    bench = start("--strategies", "epoll,poll")
    bench.one("servers.readiness.poll_loop").kill()
    assert line_with(bench, "poll fails in block ").endswith("and starts it anew in the next block")
