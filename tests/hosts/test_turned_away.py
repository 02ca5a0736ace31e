"""Who is no worker of a run: strangers are turned away and disturb nobody, and what is given wrongly is a line."""

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from harness.hosts import Hosts
from harness.processes import session
from harness.processes.loader import Loader, LoaderFailed
from loadgen.hosts import identity
from tests.support.host_workers import HostWorker, crew, gathered, in_time, joining, told, waiting
from tests.support.peers import echo, opened, peers
from tests.support.project import ROOT


def test_another_runs_worker_is_turned_away(tmp_path: Path) -> None:
    with waiting(tmp_path, 1, 1) as (loader, master, token), joining(master, "another-word", 1) as (stranger,):
        said = stranger.refused()
        assert "turned us away: that is another run's token; copy the line" in said
        assert "127.0.0.1" in told(loader, "turned away: ")
        with joining(master, token, 1):
            gathered(loader)


def test_a_worker_of_another_version_is_turned_away(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "loadgen", tmp_path / "other" / "loadgen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "schema.toml", tmp_path / "other")
    with (tmp_path / "other" / "loadgen" / "window.py").open("a") as file:
        file.write("# another\n")
    with waiting(tmp_path, 1, 1) as (loader, master, token):
        with HostWorker("--master", master, "--token", token, cwd=tmp_path / "other") as other:
            said = other.refused()
        host = socket.gethostname()
        for words in (said, told(loader, "turned away: ")):
            assert f"load generators differ: the worker's on {host} is " in words
            assert f", the run's on {host} is " in words
            assert words.strip().endswith("; bring both hosts to the same revision of this project")


def test_a_worker_of_another_revision_is_told_both(tmp_path: Path) -> None:
    """As git has them."""
    other = tmp_path / "other"
    shutil.copytree(ROOT / "loadgen", other / "loadgen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "schema.toml", other)
    with (other / "loadgen" / "window.py").open("a") as file:
        file.write("# another\n")
    git = ("git", "-C", str(other), "-c", "user.name=A", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "another")):
        subprocess.run([*git, *words], check=True, stdin=subprocess.DEVNULL)
    theirs = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout[:12]
    own = identity.revision()
    if not own:
        pytest.skip("the project isn't in a repository here")
    with waiting(tmp_path, 0, 1) as (_, master, token):
        with HostWorker("--master", master, "--token", token, cwd=other) as stranger:
            said = stranger.refused()
        assert f" is of revision {theirs}, the run's on " in said
        assert f" is of revision {own}; bring both" in said


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
            said = late.refused()
        assert "the run has its workers" in said
        assert "the run has its workers" in told(loader, "turned away: ")


def test_a_worker_that_may_not_ask_the_servers_leaves(tmp_path: Path) -> None:
    with waiting(tmp_path, 0, 1) as (loader, master, token):
        loader.gather(["192.0.2.1"], 0.1)
        with joining(master, token, 1) as (worker,):
            said = worker.refused()
        assert "at 192.0.2.1, which is not this machine; --allow-remote permits" in said
        loader.gather(["192.0.2.1"], 0.5)
        assert any("left: " in sentence and "--allow-remote" in sentence for sentence in loader.take_news())


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
    with HostWorker(*options) as worker:
        assert words in worker.refused()


def test_a_master_that_is_not_there_is_a_line() -> None:
    where = ("--master-host", "127.0.0.1", "--master-port", str(_free_port()))
    with HostWorker(*where, "--token", "word") as worker:
        assert "can't be reached (Connection refused); see that the run waits" in worker.refused()


def test_a_port_that_says_nothing_is_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        where = f"127.0.0.1:{mute.getsockname()[1]}"
        with HostWorker("--master", where, "--token", "word") as worker:
            assert "isn't a run that waits for workers" in worker.refused()


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
