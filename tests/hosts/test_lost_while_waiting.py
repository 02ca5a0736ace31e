"""What a run says while it waits for workers: who is there, who has died meanwhile, how long it waits."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.bench import SETTINGS, Bench
from tests.support.host_workers import HostWorker, gathered, joining, told, waiting
from tests.support.runs_from_hosts import LINE, Run

SOAK = ("--strategies", "epoll", "--for", "2s", "--rate", "50", "--clients", "4")


@pytest.fixture
def soak(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, {}, *SOAK, "--workers", "2", "--from-hosts", "2", verb="soak")
    yield bench
    bench.close()


def test_a_worker_that_dies_is_lost_and_its_place_is_free_again(soak: Bench) -> None:
    soak.wait(lambda: bool(LINE.search(soak.output)))
    found = LINE.search(soak.output)
    assert found
    options = ("--master", found[1], "--token", found[2])
    with HostWorker(*options) as first:
        soak.wait(lambda: "1 of 2 workers is here" in soak.output)
        first.signal(signal.SIGKILL)
        soak.wait(lambda: " is lost: has not been heard of" in soak.output)
        soak.wait(lambda: "0 of 2 workers are here" in soak.output.partition(" is lost: ")[2])
    with HostWorker(*options) as second, HostWorker(*options) as third:
        assert soak.ended() == 0, soak.output
        assert [one.ended()[0] for one in (second, third)] == [0, 0]
    assert "turned away" not in soak.output
    assert "2 of 2 workers are here: " in soak.output


def test_one_that_died_when_the_last_one_came_is_waited_for_again(tmp_path: Path) -> None:
    with waiting(tmp_path, 0, 2) as (loader, master, token), joining(master, token, 1) as (first,):
        while not loader.gather(["127.0.0.1"], 0.2)["workers"]:
            pass
        first.signal(signal.SIGKILL)
        with joining(master, token, 1):  # both seem to be there
            assert "127.0.0.1) is lost: " in told(loader, " is lost: ")
            assert loader.gather(["127.0.0.1"], 0.1)["missing"] == 1
            with joining(master, token, 1):
                assert len(gathered(loader)) == 2


def test_who_comes_before_a_death_is_known_is_taken(tmp_path: Path) -> None:
    """The place seems to be taken for some seconds."""
    with waiting(tmp_path, 0, 2) as (loader, master, token), joining(master, token, 1) as (dies,):
        while not loader.gather(["127.0.0.1"], 0.0)["workers"]:  # one that dies before it is there is nobody's loss
            pass
        dies.signal(signal.SIGKILL)
        with joining(master, token, 2) as others:
            assert "is lost: " in told(loader, " is lost: ")
            assert len(gathered(loader)) == 2
            assert [one.process.poll() for one in others] == [None, None]


def test_how_long_it_waits_is_said(run: Run) -> None:
    settings = SETTINGS.replace("[window]", "[loadgen]\nhosts_timeout_s = 300.0\n[window]")
    bench, _ = run(2, 2, "--profile", "tiny", come=0, settings=settings)
    bench.wait(lambda: "0 of 2 workers are here; the run waits for " in bench.output)
    (line,) = (line for line in bench.output.splitlines() if line.startswith("0 of 2 workers are here"))
    assert 0 < int(line.partition(" waits for ")[2].split()[0]) <= 300
    assert line.endswith(" s more (loadgen.hosts_timeout_s)")


def test_that_nobody_else_reaches_loopback_is_said(run: Run) -> None:
    bench, _ = run(1, 1, "--profile", "tiny", come=0)
    bench.wait(lambda: "worker" in bench.output.partition("127.0.0.1 reaches")[2])
    lines = bench.output.splitlines()
    place = next(number for number, line in enumerate(lines) if LINE.search(line))
    assert lines[place + 1] == "127.0.0.1 reaches this machine alone; --listen ADDRESS names one that other hosts reach"
    assert any(line.startswith("0 of 1 worker is here") for line in lines)
