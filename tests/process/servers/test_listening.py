"""Where a server listens: paths that are too long, taken or left behind, and options that don't go together."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from servers.listening import LONGEST_PATH, at_path, at_port, remove_path
from tests.support.project import ROOT, STRATEGIES, command

PATIENCE_S = 60


def tried(*options: str, name: str = "epoll") -> subprocess.CompletedProcess[str]:
    """A server that can't start, and ends by itself."""
    argv = command(STRATEGIES[name], *options)
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE_S, check=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--transport", "sctp"], "invalid choice: 'sctp'"),
        (["--transport", "unix"], "say --path"),
        (["--transport", "unix", "--path", ""], "say --path"),
        (["--transport", "unix", "--path", "/tmp/a\nREADY b"], "can't be told in a line"),
        (["--transport", "unix", "--path", "/tmp/a", "--port", "0"], "leave --host and --port out"),
        (["--path", "/tmp/a"], "--path is of the Unix transports"),
        (["--transport", "udp", "--path", "/tmp/a"], "--path is of the Unix transports"),
        (["--transport", "udp", "--service", "log"], "the service log needs a stream"),
        (
            ["--transport", "unix-datagram", "--path", "/tmp/a", "--service", "greet"],
            "the service greet needs a stream",
        ),
        (["--transport", "udp", "--handler", "blocks", "--handler-us", "9"], "no handlers of datagrams"),
    ],
)
def test_what_does_not_go_together_is_refused_with_2(options: list[str], said: str) -> None:
    ended = tried(*options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "transport", "reason"),
    [
        ("epoll-edge", "udp", "does not offer --transport udp"),
        ("prefork-reuseport", "unix", "one listener"),
        ("uvloop", "unix-datagram", "libuv"),
        ("twisted", "unix-datagram", "adopts no such socket"),
    ],
)
def test_a_transport_that_is_not_offered_is_told_with_3(name: str, transport: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    ended = tried("--transport", transport, *([] if transport == "udp" else ["--path", str(path)]), name=name)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not path.exists()


def test_a_path_that_cannot_be_had_is_told_with_3(tmp_path: Path) -> None:
    path = str(tmp_path / "it")
    with at_path("unix", path, 1):
        ended = tried("--transport", "unix-datagram", "--path", path, name="blocking")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"cannot listen on {path}: another server listens there; try another --path" in ended.stderr


def test_a_taken_port_of_udp_is_told_with_3() -> None:
    """Also where the one who has it would share it by SO_REUSEADDR."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ended = tried("--transport", "udp", "--port", str(port))
    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"127.0.0.1:{port}: Address already in use" in ended.stderr


@pytest.mark.parametrize("transport", ["unix", "unix-datagram"])
@pytest.mark.parametrize("there", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_a_path_is_taken_as_long_as_somebody_lives_there(
    transport: str, there: socket.SocketKind, tmp_path: Path
) -> None:
    path = str(tmp_path / "it")
    with socket.socket(socket.AF_UNIX, there) as living:
        living.bind(path)  # and doesn't listen yet
        with pytest.raises(FileExistsError, match="another server listens there"):
            at_path(transport, path, 1)  # type: ignore[arg-type]
    with at_path(transport, path, 1) as sock:  # type: ignore[arg-type]
        assert sock.getsockname() == path
        remove_path()
    assert not os.path.exists(path)


def test_a_server_with_a_full_backlog_lives(tmp_path: Path) -> None:
    path = str(tmp_path / "it")
    with at_path("unix", path, 1), socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        for client in (one, two):
            client.setblocking(False)
            client.connect(path)
        with pytest.raises(FileExistsError):
            at_path("unix", path, 1)


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_what_is_no_socket_stays(what: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    if what == "file":
        path.write_text("mine")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError, match="no socket"):
        at_path("unix", str(path), 1)
    assert os.path.lexists(path)


def test_a_path_is_as_long_as_the_kernel_lets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with at_path("unix", "a" * LONGEST_PATH, 1):
        remove_path()
    with pytest.raises(OSError, match="the path has 108 bytes, and a Unix socket's at most 107"):
        at_path("unix", "ä" * 54, 1)


def test_who_is_told_to_stop_leaves_the_path_of_another(tmp_path: Path) -> None:
    path = str(tmp_path / "it")
    with at_path("unix", path, 1):
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as another:
            another.bind(path)
            remove_path()
            assert os.path.exists(path)


def test_a_path_that_a_killed_server_left_is_used_again(tmp_path: Path) -> None:
    path = str(tmp_path / "it")
    argv = command(STRATEGIES["prefork"], "--transport", "unix", "--path", path)
    for last in (signal.SIGKILL, signal.SIGINT):
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == f"READY {path}\n"
            process.send_signal(last)
            process.wait(PATIENCE_S)
        deadline_s = time.monotonic() + PATIENCE_S
        while last == signal.SIGKILL and _is_served(path):  # its workers are killed by the kernel
            assert time.monotonic() < deadline_s
    assert not os.path.exists(path)


def _is_served(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def test_settings_are_those_of_the_transport(tmp_path: Path) -> None:
    with at_port("tcp", "127.0.0.1", 0, 1, shares=False) as tcp, at_port("udp", "127.0.0.1", 0, 1, shares=False) as udp:
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        assert not udp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        assert not udp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
