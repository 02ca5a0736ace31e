"""What can go wrong around processes: they die, hang, can't be killed, or a signal comes at the worst moment."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.config import Strategy
from harness.processes import commanded, ports, session
from harness.processes.ended import Ended
from harness.processes.loader import Loader, LoaderFailed
from harness.processes.server import Server, ServerFailed
from harness.processes.stage import Stage
from harness.processes.watchdog import Watchdog
from tests.support.project import CONFIG, STRATEGIES

SETTINGS = CONFIG.settings("echo")
SAYS = (
    "import signal, socket, sys; {first}; it = socket.create_server(('127.0.0.1', 0)); "
    "print('READY {host}:%d' % it.getsockname()[1], flush=True); {then}"
)


def stage(watchdog: Watchdog, folder: Path) -> Stage:
    return Stage(CONFIG, watchdog, folder)


def saying(host: str, then: str = "signal.pause()") -> Strategy:
    """A server that says that it listens there, listens on 127.0.0.1, and serves nobody."""
    first = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])" if "sigwait" in then else "pass"
    program = SAYS.format(first=first, host=host, then=then)
    return STRATEGIES["epoll"].model_copy(update={"name": "it", "command": f'{sys.executable} -c "{program}"'})


# --- how a server ended --------------------------------------------------------------------------------------


def test_a_server_that_died_by_itself_was_not_asked_to_stop(tmp_path: Path, watchdog: Watchdog) -> None:
    with stage(watchdog, tmp_path) as it:
        server = it.start("it", saying("127.0.0.1", "sys.exit(1)"), SETTINGS)
        server._process.wait(10)
        assert it.stop("it").problems == ["exited with 1 before it was asked to stop"]


def test_one_that_was_asked_and_ends_wrongly_is_said_to(tmp_path: Path, watchdog: Watchdog) -> None:
    """It waits for the signal, which may come before it does: one that has a handler might pause after that."""
    with stage(watchdog, tmp_path) as it:
        it.wait_ready(it.start("it", saying("127.0.0.1", "signal.sigwait([signal.SIGTERM]); sys.exit(1)"), SETTINGS))
        assert it.stop("it").problems == ["ended with 1 when asked to stop, not with 0"]


def test_what_stays_in_spite_of_all_is_said() -> None:
    assert Ended(0, True, 0, left=1).problems == [
        "ignored SIGTERM and was killed", "can't be killed: 1 process of it stay"
    ]  # fmt: skip


# --- where it listens ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "*", "", "127.0.0.2", "[::1]"])
def test_a_server_that_listens_elsewhere_is_refused_in_a_line(tmp_path: Path, watchdog: Watchdog, host: str) -> None:
    with stage(watchdog, tmp_path) as it:
        server = it.start("it", saying(host), SETTINGS)
        with pytest.raises(ServerFailed, match=r"listens on .*, not on 127\.0\.0\.1; let it listen on \{host\}"):
            it.wait_ready(server)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_one_that_names_the_address_is_ready(tmp_path: Path, watchdog: Watchdog, host: str) -> None:
    with stage(watchdog, tmp_path) as it:
        it.wait_ready(it.start("it", saying(host), SETTINGS))
        assert it.servers["it"].endpoint.port > 1
        assert it.faults() == {}


def test_servers_that_are_connected_to_get_ports_of_their_own() -> None:
    given = [ports.free("127.0.0.1") for _ in range(50)]
    assert len(set(given)) == len(given)


def test_nobody_who_lets_the_kernel_choose_gets_such_a_port() -> None:
    first = int(ports.CHOSEN_BY_KERNEL.read_text().split()[0])
    assert ports.FIRST <= ports.free("127.0.0.1") < first


def test_a_port_that_is_taken_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as soon:
        _, port = taken.getsockname()
        _, other = soon.getsockname()
        soon.close()
        monkeypatch.setattr(ports, "_candidates", lambda: [port, other, other])
        assert ports.free("127.0.0.1") == other
        with pytest.raises(OSError, match="in use"):  # the other was given
            ports.free("127.0.0.1")


# --- killing -------------------------------------------------------------------------------------------------

FAMILY = """
import os, signal
if not os.fork():
    os.setgid(65534), os.setuid(65534)
    os.write(1, b"x")
    signal.pause()
os.write(1, b"x")
signal.pause()
"""
KILLER = """
import os, sys
from harness.processes import session
os.setgid(65534), os.setuid(65534)
print(session.kill(int(sys.argv[1]), within_s=0.5), len(session.members(int(sys.argv[1]))))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="takes processes of two users")
def test_a_process_of_another_user_keeps_no_one_from_being_killed() -> None:
    family = subprocess.Popen([sys.executable, "-c", FAMILY], start_new_session=True, stdout=subprocess.PIPE)
    assert family.stdout is not None
    try:
        while len(family.stdout.read(1)) and len(session.members(family.pid)) < 2:
            pass
        family.stdout.read(1)  # both have said that they are who they are
        words = [sys.executable, "-c", KILLER, str(family.pid)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30)
        assert (done.stdout.split(), done.stderr) == (["2", "1"], "")  # the parent stays, and the child doesn't
    finally:
        assert session.kill(family.pid) == 1
        family.communicate()


def test_a_session_that_does_not_die_is_waited_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that sleeps in the kernel doesn't: here its signals go nowhere."""
    sleeper = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    sent: list[int] = []
    try:
        with monkeypatch.context() as patched:
            patched.setattr("harness.processes.session.os.kill", lambda pid, number: sent.append(pid))
            assert session.kill(sleeper.pid, within_s=1.0) == 1
        assert 1 < len(sent) < 1000  # it pauses in between
    finally:
        assert session.kill(sleeper.pid) == 1
        sleeper.wait(10)


# --- the load generator --------------------------------------------------------------------------------------


class Odd(Loader):
    """A loader process that does something else."""

    def __init__(self, program: str, folder: Path) -> None:
        self._log = folder / "loader.err"
        self._log.touch()
        self._heard = b""
        self._process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         start_new_session=True)  # fmt: skip
        self.pid = self._process.pid


def complaint(it: Odd, limit_s: float) -> str:
    try:
        with pytest.raises(LoaderFailed) as failure:
            it._answer(limit_s)
        return str(failure.value)
    finally:
        session.kill(it.pid)
        it._process.communicate()


def test_a_loader_that_stops_in_the_middle_of_a_line_is_given_up(tmp_path: Path) -> None:
    it = Odd("import os, signal; os.write(1, b'{\"half\": '); signal.pause()", tmp_path)
    assert complaint(it, 2.0) == "the loader gave no answer within 2 s"


def test_one_that_closes_its_pipe_and_lives_on_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commanded, "OBITUARY_LIMIT_S", 0.1)
    it = Odd("import os, signal; os.close(1); signal.pause()", tmp_path)
    assert "says nothing more, though it hasn't ended" in complaint(it, 30.0)


def test_answers_that_come_together_or_in_pieces_are_told_apart(tmp_path: Path) -> None:
    it = Odd("import os, time; os.write(1, b'{\"a\": 1}\\n{\"b\"'); time.sleep(0.1); os.write(1, b': 2}\\n')", tmp_path)
    try:
        assert [it._answer(30), it._answer(30)] == [{"a": 1}, {"b": 2}]
    finally:
        it.stop()


# --- Ctrl-C at the worst moment ------------------------------------------------------------------------------


@pytest.fixture
def interrupting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The signal comes when a process has been started, before anybody knows of it."""
    started: list[int] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    real = subprocess.Popen

    class Interrupted(real):  # type: ignore[misc, valid-type]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            started.append(self.pid)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("harness.processes.server.subprocess.Popen", Interrupted)
    yield started
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("what", ["server", "loader"])
def test_ctrl_c_right_after_a_start_leaves_nothing(
    tmp_path: Path, watchdog: Watchdog, interrupting: list[int], what: str
) -> None:
    with pytest.raises(KeyboardInterrupt), stage(watchdog, tmp_path) as it:
        it.start("epoll", STRATEGIES["epoll"], SETTINGS) if what == "server" else it.start_loader()
    (pid,) = interrupting
    assert session.members(pid) == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_that_it_would_be_left(tmp_path: Path, interrupting: list[int]) -> None:
    with pytest.raises(KeyboardInterrupt):
        Server.start("epoll", STRATEGIES["epoll"], SETTINGS, logs=tmp_path)
    (pid,) = interrupting
    assert session.kill(pid) == 1
