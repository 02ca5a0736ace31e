"""Workers from other hosts under one load generator; here each is a process of this machine, started by hand."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.hosts import Hosts
from harness.processes import session
from harness.processes.loader import Loader, LoaderFailed, LoaderLost
from tests.support.host_workers import HostWorker, joining, waiting
from tests.support.peers import LENGTHS, echo, opened, peers, total
from tests.support.project import ROOT

DEADLINE_S = 30.0
ENDS_WITHIN_S = 10.0


def gathered(loader: Loader, within_s: float = DEADLINE_S) -> list[dict[str, Any]]:
    """Who is there when all are."""
    deadline = time.monotonic() + within_s
    while (found := loader.gather(["127.0.0.1"], 0.5))["missing"]:
        assert time.monotonic() < deadline, found
    return list(found["workers"])


def in_time(loader: Loader) -> dict[str, Any]:
    """A window that no worker came late to, as one does where the machine is busy."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return loader.window("it", LENGTHS)
        except LoaderLost as lost:
            if "late, after the head" not in str(lost) or time.monotonic() > deadline:
                raise


def told(loader: Loader, words: str, within_s: float = DEADLINE_S) -> str:
    """The sentence of its news with these words in it."""
    deadline = time.monotonic() + within_s
    while True:
        loader.gather(["127.0.0.1"], 0.2)
        for sentence in loader.take_news():
            if words in sentence:
                return sentence
        assert time.monotonic() < deadline


@contextlib.contextmanager
def crew(logs: Path, here: int, elsewhere: int) -> Iterator[tuple[Loader, list[HostWorker], list[dict[str, Any]]]]:
    with waiting(logs, here, elsewhere) as (loader, master, token), joining(master, token, elsewhere) as workers:
        yield loader, workers, gathered(loader)


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


# --- who is turned away ---------------------------------------------------------------------------


def test_another_runs_worker_is_turned_away(tmp_path: Path) -> None:
    with waiting(tmp_path, 1, 1) as (loader, master, token), joining(master, "another-word", 1) as (stranger,):
        code, said = stranger.ended()
        assert code == 2
        assert said.count("\n") == 1
        assert "turned us away: it has no token of this run; copy the line" in said
        assert "127.0.0.1" in told(loader, "turned away: ")
        with joining(master, token, 1):
            gathered(loader)


def test_a_worker_of_another_version_is_turned_away(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "loadgen", tmp_path / "other" / "loadgen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "schema.toml", tmp_path / "other")
    with (tmp_path / "other" / "loadgen" / "window.py").open("a") as file:
        file.write("# another\n")
    with waiting(tmp_path, 1, 1) as (loader, master, token):
        other = HostWorker("--master", master, "--token", token, cwd=tmp_path / "other")
        try:
            code, said = other.ended()
        finally:
            other.close()
        assert code == 2
        assert said.count("\n") == 1
        assert "its load generator is another version" in said
        assert "bring both hosts to the same revision" in said
        assert "another version" in told(loader, "turned away: ")


def test_a_worker_of_locusts_own_is_turned_away(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("from locust import User\nclass Stranger(User):\n    pass\n")
    with waiting(tmp_path, 1, 1) as (loader, master, token):
        port = master.partition(":")[2]
        stranger = subprocess.Popen(
            [sys.executable, "-m", "locust", "--worker", "--master-host", "127.0.0.1", "--master-port", port],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            assert "start it with the line that this run prints" in told(loader, "turned away: ")
            with joining(master, token, 1), peers(it=echo) as started:
                gathered(loader)
                with opened(loader, {"it": started["it"].url}, clients=4) as answer:
                    assert sorted(answer["clients"]) == [2, 2]
                    assert in_time(loader)["errors"] == {}
        finally:
            session.kill(stranger.pid)
            stranger.wait()


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: there\r\n\r\n" * 20,
    "noise": bytes(range(256)) * 40,
    "half of a greeting": b"\xff" + b"\0" * 8 + b"\x7f" + b"\x09" * 54,
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_who_speaks_no_locust_is_turned_away_and_disturbs_nobody(tmp_path: Path, kind: str) -> None:
    with crew(tmp_path, here=1, elsewhere=1) as (loader, _, _), peers(it=echo) as started:
        address = _listening(loader.pid)
        over = threading.Event()

        def pester() -> None:
            while not over.wait(0.01):
                with contextlib.suppress(OSError), socket.create_connection(address, timeout=1) as sock:
                    sock.sendall(GARBAGE[kind])
                    sock.settimeout(0.05)
                    sock.recv(1024)

        thread = threading.Thread(target=pester, daemon=True)
        thread.start()
        try:
            with opened(loader, {"it": started["it"].url}, clients=4) as answer:
                assert answer["targets"]["it"]["answered"] == 4
                seen = [in_time(loader) for _ in range(5)]
            assert all(one["requests"] > 0 and not one["errors"] for one in seen)
            assert told(loader, "turned away: at 127.0.0.1: it speaks no Locust")
        finally:
            over.set()
            thread.join()


def _listening(pid: int) -> tuple[str, int]:
    (address,) = {
        (sock.laddr.ip, sock.laddr.port)
        for one in session.members(pid)
        for sock in psutil.Process(one).net_connections("tcp")
        if sock.status == psutil.CONN_LISTEN
    }
    return address


def test_who_comes_when_all_are_there_is_turned_away(tmp_path: Path) -> None:
    with waiting(tmp_path, 1, 1) as (loader, master, token), joining(master, token, 1):
        gathered(loader)
        with joining(master, token, 1) as (late,):
            code, said = late.ended()
        assert code == 2
        assert "the run has its workers" in said
        assert "the run has its workers" in told(loader, "turned away: ")


def test_a_worker_that_may_not_ask_the_servers_leaves(tmp_path: Path) -> None:
    with waiting(tmp_path, 0, 1) as (loader, master, token):
        loader.gather(["192.0.2.1"], 0.1)
        with joining(master, token, 1) as (worker,):
            code, said = worker.ended()
        assert code == 2
        assert said.count("\n") == 1
        assert "at 192.0.2.1, which is not this machine; --allow-remote permits" in said
        loader.gather(["192.0.2.1"], 0.5)
        assert any("left: " in sentence and "--allow-remote" in sentence for sentence in loader.take_news())


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


# --- what is given is wrong -----------------------------------------------------------------------


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--master (none): write HOST:PORT, such as 10.0.0.1:5557"),
        (("--master", "10.0.0.1"), "--master 10.0.0.1: write HOST:PORT"),
        (("--master", "10.0.0.1:99999"), "write HOST:PORT"),
        (("--master", "127.0.0.1:5557"), "--token: is missing; copy the line that the run prints"),
        (("--master", "127.0.0.1:5557", "--master-host", "127.0.0.1"), "write one of them"),
        (("--master", "nowhere.invalid:5557", "--token", "word"), "--master nowhere.invalid: no such host"),
        (("--moon", "full"), "--help lists the options"),
    ],
)
def test_bad_options_of_a_worker_are_a_line(options: tuple[str, ...], words: str) -> None:
    worker = HostWorker(*options)
    try:
        code, said = worker.ended()
    finally:
        worker.close()
    assert code == 2
    assert said.count("\n") == 1
    assert said.startswith("loadgen.worker: ")
    assert words in said


def test_a_master_that_is_not_there_is_a_line() -> None:
    worker = HostWorker("--master-host", "127.0.0.1", "--master-port", str(_free_port()), "--token", "word")
    try:
        code, said = worker.ended()
    finally:
        worker.close()
    assert code == 2
    assert said.count("\n") == 1
    assert "can't be reached (Connection refused); see that the run waits" in said


def test_a_port_that_says_nothing_is_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        worker = HostWorker("--master", f"127.0.0.1:{mute.getsockname()[1]}", "--token", "word")
        try:
            code, said = worker.ended()
        finally:
            worker.close()
    assert code == 2
    assert said.count("\n") == 1
    assert "isn't a run that waits for workers" in said


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        loader = Loader(2, None, tmp_path, hosts=Hosts(elsewhere=1, port=port))
        try:
            with pytest.raises(LoaderFailed, match=f"--listen 127.0.0.1:{port}: it is taken; name another port"):
                loader.wait_ready()
        finally:
            loader.stop()


def test_an_address_of_another_machine_is_said(tmp_path: Path) -> None:
    loader = Loader(1, None, tmp_path, hosts=Hosts(elsewhere=1, address="192.0.2.1"))
    try:
        with pytest.raises(LoaderFailed, match=r"--listen 192\.0\.2\.1:0: that is no address of this machine"):
            loader.wait_ready()
    finally:
        loader.stop()
