"""Whole runs with workers from other hosts; here each is a process of this machine that was started by hand."""

import os
import signal
import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.bench import SETTINGS, Bench
from tests.support.runs_from_hosts import Run

ENDS_WITHIN_S = 10.0


def test_a_run_has_the_fields_of_one_at_home_and_says_who_made_the_load(run: Run) -> None:
    bench, hosts = run(3, 2, "--profile", "tiny")
    assert bench.ended() == 0, bench.output
    assert [host.ended()[0] for host in hosts] == [0, 0]
    assert "3 of 3 workers are here: " in bench.output
    described = bench.described
    assert described["outcome"] == "complete"
    assert described["hosts"]["from_hosts"] == 2
    assert len(described["loader_workers"]) == 3
    there = {worker["name"] for worker in described["loader_workers"]}
    trips = described["round_trips"]
    assert {(trip["client_host"], trip["strategy"]) for trip in trips} == {
        (name, s) for name in there for s in ("epoll", "poll")
    }
    assert {trip["server_host"] for trip in trips} == {"127.0.0.1"}
    for strategy in ("epoll", "poll"):
        for window in bench.windows(strategy):
            assert (window["workers"], window["elsewhere"]) == (3, 2)
            assert window["start_range_s"] >= 0
            assert window["errors"] == {}
    cells = bench.cells()
    assert float(cells["epoll"]["round_trip_us"]) >= float(cells["epoll"]["round_trip_least_us"]) > 0
    # On a busy machine a worker may begin after a head, which costs that window and says so.
    failed = [row for row in bench.rows() if row["kind"] == "failure"]
    assert all(" late, after the head of " in row["reason"] for row in failed)
    assert {cells[name]["status"] for name in ("epoll", "poll") if name not in {row["strategy"] for row in failed}} <= {
        "ok"
    }
    assert "Latencies are between " in bench.output
    assert bench.nothing_left()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_run_goes_on_without_a_worker_that_is_lost(run: Run, number: signal.Signals) -> None:
    bench, (goes, stays) = run(2, 2, "--profile", "longer")
    bench.wait_for_windows(0)
    goes.signal(number)
    assert bench.ended() == 0, bench.output
    assert stays.ended()[0] == 0
    rows = bench.rows()
    failed = [row for row in rows if row["kind"] == "failure"]
    assert {row["fault"] for row in failed} == {"loader"}
    lost = [row for row in failed if " late, after the head of " not in row["reason"]]  # as on a busy machine
    assert lost
    assert all("its clients are lost, and 1 worker left" in row["reason"] for row in lost)
    assert {row["workers"] for row in rows if row["kind"] == "window" and row["block"] == 1} == {1}
    assert any(note["kind"] == "lost-workers" for note in bench.described["notes"])
    assert bench.nothing_left()


def test_the_run_stops_if_it_is_told_to(run: Run) -> None:
    bench, (goes, stays) = run(2, 2, "--profile", "endless", "--on-loss", "stop")
    bench.wait_for_windows(0)
    kept = len(bench.rows())
    goes.signal(signal.SIGKILL)
    assert bench.ended(60) == 1, bench.output
    assert stays.ended(ENDS_WITHIN_S)[0] == 0
    assert bench.described["outcome"] == "given up"
    assert len([row for row in bench.rows() if row["kind"] == "window"]) >= kept > 0
    assert "its clients are lost" in bench.output
    assert bench.nothing_left()


def test_the_loss_of_the_master_ends_the_run_and_all_workers(run: Run) -> None:
    bench, hosts = run(2, 2, "--profile", "endless")
    bench.wait_for_windows(0)
    kept = len(bench.windows("epoll"))
    os.kill(bench.one("-m", "loadgen").pid, signal.SIGKILL)
    assert bench.ended(60) == 1, bench.output
    assert [host.ended(ENDS_WITHIN_S)[0] for host in hosts] == [1, 1]
    assert len(bench.windows("epoll")) >= kept
    assert bench.described["outcome"] == "given up"
    assert "its workers on other hosts end with it" in bench.output
    assert bench.nothing_left()


def test_workers_end_when_the_harness_is_killed(run: Run) -> None:
    bench, hosts = run(2, 2, "--profile", "endless")
    bench.wait_for_windows(0)
    bench.process.kill()
    bench.process.wait()
    for host in hosts:
        assert host.ended(ENDS_WITHIN_S)[0] in (0, 1)  # whether the load generator could still say farewell
    assert bench.nothing_left()
    assert bench.rows()


SOON = SETTINGS.replace("[window]", "[loadgen]\nhosts_timeout_s = 2.0\n[window]")


def test_workers_that_do_not_come_are_a_line(run: Run) -> None:
    bench, (came,) = run(2, 2, "--profile", "tiny", come=1, settings=SOON)
    assert bench.ended(60) == 2, bench.output
    last = bench.output.splitlines()[-1]
    assert "--from-hosts 2: 1 of 2 workers didn't come to 127.0.0.1:" in last
    assert "within 2 s (loadgen.hosts_timeout_s); start them" in last
    assert came.ended(ENDS_WITHIN_S)[0] == 0
    assert nothing_to_see(bench)
    assert bench.nothing_left()


def nothing_to_see(bench: Bench) -> bool:
    """A run that never began leaves no folder, and `latest` where it was."""
    return list(bench.folder.parent.iterdir()) == []


def test_ctrl_c_while_workers_are_waited_for_leaves_nothing(run: Run) -> None:
    bench, (came,) = run(2, 2, "--profile", "tiny", come=1)
    bench.wait(lambda: "1 of 2 workers is here" in bench.output)
    bench.process.send_signal(signal.SIGINT)
    assert bench.ended(60) == 130, bench.output
    assert bench.output.splitlines()[-1] == "Interrupted."
    assert came.ended(ENDS_WITHIN_S)[0] == 0
    assert nothing_to_see(bench)
    assert bench.nothing_left()


def test_a_port_that_is_taken_is_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        bench = Bench(
            tmp_path, {}, "--strategies", "epoll", "--profile", "tiny", "--from-hosts", "1", "--listen", where
        )
        try:
            assert bench.ended(60) == 2, bench.output
            assert f"--listen {where}: it is taken; name another port" in bench.output.splitlines()[-1]
            assert "Traceback" not in bench.output
            assert nothing_to_see(bench)
            assert bench.nothing_left()
        finally:
            bench.close()


def test_windows_too_short_for_the_clocks_are_refused_before_anything_is_measured(run: Run) -> None:
    short = SETTINGS.replace("counted_s = 0.05", "counted_s = 0.0001")
    bench, (host,) = run(1, 1, "--profile", "tiny", settings=short)
    assert bench.ended(60) == 2, bench.output
    assert "window.lengths: windows of 0.0001 s are shorter than 10 times what the clock of " in bench.output
    assert host.ended(ENDS_WITHIN_S)[0] == 0
    assert not bench.rows()
    assert bench.nothing_left()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_at_home_opens_no_port_beyond_loopback(tmp_path: Path, workers: int) -> None:
    bench = Bench(tmp_path, {}, "--strategies", "epoll", "--profile", "endless", "--workers", str(workers))
    try:
        bench.wait_for_windows(0)
        seen = [sock for process in bench.family() for sock in _sockets(process)]
        assert any(sock.status == psutil.CONN_LISTEN for sock in seen)
        assert {sock.laddr.ip.rpartition(":")[2].split(".")[0] for sock in seen} == {"127"}
    finally:
        bench.process.send_signal(signal.SIGINT)
        bench.ended(60)
        bench.close()


def _sockets(process: psutil.Process) -> list[Any]:
    """All Internet sockets of a process, that have an address."""
    try:
        return [sock for sock in process.net_connections("inet") if sock.laddr]
    except psutil.NoSuchProcess:
        return []
