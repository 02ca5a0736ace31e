"""Who is measured: servers whose listening sockets are others', or elsewhere, are refused in a line."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from harness.config import Strategy
from harness.processes import sockets
from harness.processes.census import Census
from harness.processes.endpoint import Endpoint
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, ROOT, STRATEGIES

DISPLACED = f"{{python}} {ROOT}/tests/support/misbehaving/displaced.py"
SETTINGS = CONFIG.settings("echo")
DEADLINE_S = 20
SHARING = """
import signal, socket
it = socket.create_server(("127.0.0.1", {port}), reuse_port=True)
print("READY 127.0.0.1:%d" % it.getsockname()[1], flush=True)
signal.pause()
"""


def of(command: str, **more: object) -> Strategy:
    return STRATEGIES["epoll"].model_copy(update={"name": "it", "command": command, **more})


def sharing(port: int) -> Strategy:
    program = SHARING.format(port=port).strip().replace("\n", "; ").replace("it = ", "it=")
    return of(f"{{{{python}}}} -c '{program}'".replace("{{", "{").replace("}}", "}"))


@pytest.fixture
def stage(tmp_path: Path, watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with Stage(CONFIG, watchdog, tmp_path, server_cpus=os.sched_getaffinity(0)) as stage:
        yield stage
    assert Census().marked(watchdog.mark) == set()


@pytest.fixture
def begin(stage: Stage) -> Callable[..., Server]:
    def begun(strategy: Strategy, key: str = "it") -> Server:
        server = stage.start(key, strategy, SETTINGS)
        stage.wait_ready(server)
        return server

    return begun


@pytest.mark.parametrize("name", ["epoll", "forking", "asyncio"])
def test_a_server_in_the_foreground_is_its_own(stage: Stage, begin: Callable[..., Server], name: str) -> None:
    begin(STRATEGIES[name])
    assert stage.faults() == {}


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ("worker", "its worker"),
        ("bare-worker", "its worker"),
        ("daemon", "its worker"),
        ("helper", "its process"),
        ("loose-helper", "its process"),
        ("loose-worker", "its worker"),
    ],
)
def test_one_whose_processes_have_left_its_session_is_refused(
    stage: Stage, begin: Callable[..., Server], way: str, what: str
) -> None:
    try:
        begin(of(f"{DISPLACED} {way}"))
        fault = stage.faults()["it"]
    except ServerFailed as failure:  # a daemon's first process has ended, and may have been seen to
        assert way == "daemon"
        fault = str(failure).replace("its process", "its worker")
    assert what in fault
    assert fault.endswith("in a session of its own, where it isn't measured; run it in the foreground")
    assert stage.stop("it").problems == ["left a process behind, outside of its session, and killed by us"]


def test_a_worker_that_loses_mark_and_parent_is_ended_once_it_was_seen(
    stage: Stage, begin: Callable[..., Server]
) -> None:
    """Its launcher was asked to stop, and left it."""
    begin(of(f"{DISPLACED} bare-worker"))
    worker = int(stage.faults()["it"].split()[2])
    assert worker in Census().pids
    stage.stop("it")
    assert worker not in Census().pids


def test_a_daemon_that_nobody_saw_go_is_ended(stage: Stage, begin: Callable[..., Server], tmp_path: Path) -> None:
    """It leads a session and has no environment, and its parents had ended before the server was ready."""
    begin(of(f"{DISPLACED} loose-worker"))
    daemon = int((tmp_path / "it.err").read_text())
    assert daemon in Census().pids
    assert Path(f"/proc/{daemon}/environ").read_bytes() == b""
    stage.stop("it")
    assert daemon not in Census().pids


def test_nor_is_one_left_whose_server_has_ended_at_once(stage: Stage, tmp_path: Path) -> None:
    server = stage.start("it", of(f"{DISPLACED} loose-daemon"), SETTINGS)
    deadline = time.monotonic() + DEADLINE_S
    while not (said := (tmp_path / "it.err").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    server._process.wait(DEADLINE_S)
    with pytest.raises(ServerFailed, match="in a session of its own, where it isn't measured; run it in the foregr"):
        server.raise_if_dead()
    assert stage.stop("it").problems == ["left a process behind, outside of its session, and killed by us"]
    assert not Path(f"/proc/{said}").exists()  # nor its remains, which are ours to bury


# --- alone on its port -------------------------------------------------------------------------------------------


def test_two_servers_on_one_port_are_both_refused(stage: Stage, begin: Callable[..., Server]) -> None:
    port = begin(sharing(0), "one").endpoint.port
    begin(sharing(port), "two")
    both = f"both listen on port {port}; give each a port of its own, such as {{port}}"
    assert stage.faults() == {"one": f"it and the server of two {both}", "two": f"it and the server of one {both}"}


def test_a_port_that_is_shared_with_a_stranger_is_said(stage: Stage, begin: Callable[..., Server]) -> None:
    port = begin(sharing(0)).endpoint.port
    program = SHARING.format(port=port)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        stranger.stdout.readline()
        assert f"it and process {stranger.pid} (" in stage.faults()["it"]
        stranger.kill()


def test_who_takes_a_share_of_it_while_it_is_looked_at_is_named_too(stage: Stage, begin: Callable[..., Server]) -> None:
    before = begin(sharing(0))
    seen = Census()
    late = begin(sharing(before.endpoint.port), "late")
    assert "it and the server of late both listen on port" in before.fault(seen, {late.pid: "late"})


def test_who_listens_on_all_addresses_takes_nothing_from_who_names_one(
    stage: Stage, begin: Callable[..., Server]
) -> None:
    port = begin(STRATEGIES["epoll"]).endpoint.port
    anybody = sockets.Listener("0.0.0.0", port, 1)
    one, two = sockets.Listener("127.0.0.1", port, 2), sockets.Listener("::ffff:127.0.0.1", port, 3)
    assert sockets.serving(Endpoint("127.0.0.1", port), [anybody, one]) == [one]
    assert sockets.serving(Endpoint("127.0.0.1", port), [anybody, two]) == [two]
    assert sockets.serving(Endpoint("127.0.0.1", port), [anybody]) == [anybody]
    assert sockets.serving(Endpoint("127.0.0.1", port + 1), [anybody]) == []


# --- where, and on which CPUs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["elsewhere", "on-ipv6"])
def test_one_that_listens_elsewhere_than_it_says_is_refused(
    stage: Stage, begin: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("harness.processes.server.LISTENS_SOON_S", 0.05)
    begin(of(f"{DISPLACED} {way}"))
    assert stage.faults()["it"].startswith("listens on [::1]:" if way == "on-ipv6" else "listens on 127.0.0.1:")
    assert "as it says; let it listen on {host}" in stage.faults()["it"]


def test_one_that_says_ready_a_moment_before_it_listens_is_forgiven(stage: Stage, begin: Callable[..., Server]) -> None:
    begin(of(f"{DISPLACED} too-early"))
    assert stage.faults() == {}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="takes two CPUs")
def test_one_that_moves_to_other_cpus_is_refused(stage: Stage, begin: Callable[..., Server]) -> None:
    given, other = sorted(os.sched_getaffinity(0))[:2]
    stage.server_cpus = [given]
    server = begin(STRATEGIES["epoll"])
    assert stage.faults() == {}
    os.sched_setaffinity(server.pid, {other})
    assert f"may run on CPU {other}, given was {given}" in stage.faults()["it"]


# --- not ready, and why --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        ("unflushed", "but its READY line hasn't come; let it flush stdout after the line"),
        ("unended", "has no end; print a line end after it"),
        ("works", "s of CPU time so far); raise ready_timeout_s of [servers]"),
    ],
)
def test_why_a_server_is_not_ready_is_told(stage: Stage, way: str, cause: str) -> None:
    server = stage.start("it", of(f"{DISPLACED} {way}"), SETTINGS)
    if way != "works":
        wait_until_it_listens(server)
    with pytest.raises(ServerFailed) as failure:
        server.wait_ready(1.5)
    assert str(failure.value).startswith("not ready within 1.5 s: it ")
    assert cause in str(failure.value)


def wait_until_it_listens(server: Server) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not any(one.status == psutil.CONN_LISTEN for one in psutil.Process(server.pid).net_connections("tcp")):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_that_waits_and_does_not_listen_is_told(stage: Stage) -> None:
    """In which it has used hardly any CPU time, as one that is still starting would."""
    server = stage.start("it", of('{python} -SIc "import signal; signal.pause()"'), SETTINGS)
    with pytest.raises(ServerFailed, match="not ready within 2 s: it waits and doesn't listen; see what it waits for"):
        server.wait_ready(2.0)


def test_one_that_is_connected_to_and_listens_on_its_own_port_is_told(stage: Stage) -> None:
    server = stage.start("it", of(f"{DISPLACED} unended", ready="connect"), SETTINGS)
    wait_until_it_listens(server)
    with pytest.raises(ServerFailed, match=r"listens on 127\.0\.0\.1:\d+, not on 127\.0\.0\.1:\d+; let it listen on"):
        server.wait_ready(1.5)


def test_a_shell_that_does_not_exec_is_named(stage: Stage, begin: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text('"$@"\necho served\n')
    begin(of(f"sh {tmp_path}/run.sh {DISPLACED} sound"))
    assert stage.faults() == {}
    (problem,) = stage.stop("it").problems
    assert problem.startswith("its command is a shell that doesn't exec: asked to stop it ended, and left process ")
    assert problem.endswith("; begin the server's own command with exec")


# --- the backlog ---------------------------------------------------------------------------------------------------


def test_a_queue_that_is_too_short_for_the_crowd_is_named(stage: Stage, begin: Callable[..., Server]) -> None:
    program = "import signal, socket; it = socket.create_server(('127.0.0.1', 0), backlog=5); "
    program += "print('READY 127.0.0.1:' + str(it.getsockname()[1]), flush=True); signal.pause()"
    begin(of(f'{{python}} -c "{program}"'))
    begin(STRATEGIES["epoll"], "epoll")
    assert stage.short_queues(["it", "epoll"], 5) == {}
    (name,) = found = stage.short_queues(["it", "epoll"], 300)
    assert name == "it"
    assert found["it"].startswith("listens with a queue of 5, not of 1,024 as asked: of 300 clients")
