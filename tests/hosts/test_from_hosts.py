"""Workers from other hosts under one load generator; here each is a process of this machine, started by hand."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.processes.loader import Loader, LoaderFailed, LoaderLost
from tests.support.host_workers import HostWorker, crew, gathered, in_time, joining, waiting
from tests.support.impatient import PATIENCE_S, Impatient
from tests.support.peers import LENGTHS, echo, opened, peers, total
from tests.support.project import ROOT

ENDS_WITHIN_S = 10.0
LATE = str(ROOT / "tests" / "support" / "late.py")


def test_they_are_one_load_generator(tmp_path: Path, two_workers: Loader) -> None:
    with contextlib.ExitStack() as afterwards, peers(it=echo) as started:
        with waiting(tmp_path, here=1, elsewhere=2) as (loader, master, token):
            workers = afterwards.enter_context(joining(master, token, 2))
            there = gathered(loader)
            assert [one["elsewhere"] for one in there].count(True) == 2
            assert len({one["name"] for one in there}) == 3
            assert sum(one["share"] for one in there) == pytest.approx(1.0)
            for one in there:
                assert one["cpus"] == len(os.sched_getaffinity(0))
                assert abs(one["clock_ahead_s"]) <= one["clock_uncertainty_s"]  # it is one clock
                assert (one["clock_uncertainty_s"] > 0) == one["elsewhere"]
            with opened(loader, {"it": started["it"].url}, clients=9) as answer:
                assert answer["targets"]["it"] == {"answered": 9, "errors": {}}
                assert sorted(answer["clients"]) == [3, 3, 3]
                all_seen = [in_time(loader) for _ in range(3)]
            with opened(two_workers, {"it": started["it"].url}, clients=4):
                assert two_workers.window("it", LENGTHS).keys() == all_seen[0].keys()
        for worker in workers:
            code, said = worker.ended()
            assert code == 0
            assert "joined 127.0.0.1:" in said
            assert "ended: the run is over" in said
    for seen in all_seen:
        assert seen["errors"] == {}
        assert 0 < total(seen["latency_hdr"]) <= seen["replies"]
        assert (seen["workers"], seen["elsewhere"]) == (3, 2)
        assert 0 < seen["elsewhere_cpu_s"] < seen["loader_cpu_s"]
        assert seen["busiest_share"] > 0
    assert min(seen["start_range_s"] for seen in all_seen) < 0.02  # the others: whatever else the machine does


@pytest.mark.parametrize("clients", [1, 2])
def test_there_may_be_fewer_clients_than_workers(tmp_path: Path, clients: int) -> None:
    with (
        crew(tmp_path, here=1, elsewhere=2) as (loader, _, _),
        peers(it=echo) as started,
        opened(loader, {"it": started["it"].url}, clients=clients) as answer,
    ):
        assert answer["targets"]["it"]["answered"] == clients
        seen = in_time(loader)
        assert seen["requests"] > 0
        assert seen["errors"] == {}


def test_round_trips_are_told_for_each_worker_and_target(tmp_path: Path) -> None:
    def slow(sock: socket.socket, number: int) -> None:
        while data := sock.recv(65536):
            time.sleep(0.005)
            sock.sendall(data)

    with crew(tmp_path, here=1, elsewhere=1) as (loader, _, there), peers(quick=echo, slow=slow) as started:
        urls = {name: peer.url for name, peer in started.items()}
        found = loader.round_trips(urls, {"service": "echo", "message_size": 64}, times=20, within_s=5.0)
        assert {(one["client_host"], one["target"]) for one in found} == {
            (worker["name"], target) for worker in there for target in urls
        }
        for one in found:
            assert one["exchanges"] == 20
            assert 0 < one["least_s"] <= one["median_s"]
            if one["target"] == "slow":
                assert one["least_s"] >= 0.005
        with opened(loader, urls, clients=2) as answer:  # nothing of it is left
            assert {name: target["answered"] for name, target in answer["targets"].items()} == {"quick": 2, "slow": 2}


# --- who is lost ----------------------------------------------------------------------------------

LONG = LENGTHS | {"counted_s": 5.0}


def _in_a_window(loader: Loader, act: Callable[[], None]) -> LoaderFailed:
    """What becomes of a window in whose middle something happens."""
    timer = threading.Timer(1.0, act)
    timer.start()
    try:
        with pytest.raises(LoaderFailed) as failed:
            loader.window("it", LONG)
    finally:
        timer.join()
    return failed.value


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_a_worker_that_goes_costs_its_window_and_the_others_go_on(tmp_path: Path, number: signal.Signals) -> None:
    with crew(tmp_path, here=0, elsewhere=2) as (loader, (goes, stays), _), peers(it=echo) as started:
        url = {"it": started["it"].url}
        loader.open(url, 6, {"service": "echo", "message_size": 64})
        failure = _in_a_window(loader, lambda: goes.signal(number))
        assert isinstance(failure, LoaderLost)
        assert (failure.what, failure.left) == ("workers", 1)
        assert "its clients are lost, and 1 worker left" in str(failure)
        loader.close()
        with opened(loader, url, clients=6) as answer:
            assert answer["clients"] == [6]
            assert answer["targets"]["it"] == {"answered": 6, "errors": {}}
            seen = in_time(loader)
            assert (seen["workers"], seen["unanswered"]) == (1, 0)
        if number == signal.SIGSTOP:
            goes.signal(signal.SIGCONT)
            code, said = goes.ended(ENDS_WITHIN_S)
            assert code == 1
            assert "ended: " in said
        assert stays.process.poll() is None


@contextlib.contextmanager
def with_one_late(logs: Path, seconds: float) -> Iterator[tuple[Loader, HostWorker, dict[str, str]]]:
    """A load generator that is impatient, of two workers, the first of which takes windows up so late."""
    program = (sys.executable, LATE, str(seconds))
    loader = Impatient(logs, 2)
    try:
        ready = loader.wait_ready()
        options = ("--master", ready["master"], "--token", ready["token"])
        with HostWorker(*options, program=program) as late, HostWorker(*options), peers(it=echo) as started:
            gathered(loader)
            yield loader, late, {"it": started["it"].url}
    finally:
        loader.stop()


def test_a_worker_that_takes_a_window_up_late_costs_that_window(tmp_path: Path) -> None:
    with with_one_late(tmp_path, 0.5) as (loader, _, url), opened(loader, url, clients=4):
        with pytest.raises(LoaderLost, match=r" began \d+ ms late, after the head of 10 ms") as lost:
            loader.window("it", LENGTHS)
        assert lost.value.what == "window"
        assert loader.window("it", LENGTHS | {"head_s": 2.0})["workers"] == 2


def test_a_worker_that_answers_too_late_is_lost_by_its_name_and_the_others_go_on(tmp_path: Path) -> None:
    with with_one_late(tmp_path, 5 * PATIENCE_S) as (loader, late, url):
        loader.open(url, 6, {"service": "echo", "message_size": 64})
        with pytest.raises(LoaderLost, match=f" was waited for {PATIENCE_S:g} s for the answer to 'window'; ") as lost:
            loader.window("it", LENGTHS)
        assert (lost.value.what, lost.value.left) == ("workers", 1)
        assert "its clients are lost, and 1 worker left" in str(lost.value)
        loader.close()
        with opened(loader, url, clients=6) as answer:
            assert answer["clients"] == [6]
            assert in_time(loader)["workers"] == 1
        code, said = late.ended()
        assert code == 1
        assert "the run goes on without it" in said or "was waited for" in said


def test_when_none_is_left_it_is_said(tmp_path: Path) -> None:
    with crew(tmp_path, here=0, elsewhere=1) as (loader, (goes,), _), peers(it=echo) as started:
        loader.open({"it": started["it"].url}, 2, {"service": "echo", "message_size": 64})
        failure = _in_a_window(loader, lambda: goes.signal(signal.SIGKILL))
        assert isinstance(failure, LoaderLost)
        assert failure.left == 0


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_the_loss_of_the_master_ends_all_workers(tmp_path: Path, how: str) -> None:
    with contextlib.ExitStack() as stack:
        loader, workers, _ = stack.enter_context(crew(tmp_path, here=0, elsewhere=2))
        os.kill(loader.pid, signal.SIGKILL if how == "killed" else signal.SIGSTOP)
        began = time.monotonic()
        for worker in workers:
            code, said = worker.ended(ENDS_WITHIN_S)
            assert code == 1
            assert "ended: the master at 127.0.0.1:" in said
        assert time.monotonic() - began < ENDS_WITHIN_S


def test_windows_must_be_long_beside_what_clocks_are_uncertain_by(tmp_path: Path) -> None:
    with (
        crew(tmp_path, here=0, elsewhere=1) as (loader, _, (worker,)),
        peers(it=echo) as started,
        opened(loader, {"it": started["it"].url}, clients=2),
    ):
        with pytest.raises(LoaderLost, match="clocks are known within") as lost:
            loader.window("it", LENGTHS | {"counted_s": worker["clock_uncertainty_s"] / 1000})
        assert lost.value.what == "window"
        assert in_time(loader)["requests"] > 0  # the clients are where they were
