"""The options of strategies that stand on libraries: each is followed, and a bad one is told before anything starts."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import Strategy
from harness.processes.server import Server
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

ABSENT, WRONG = 3, 2  # exit codes: cannot start here, and is then skipped; bad arguments
BAD = [
    ("event_loops.asyncio_selector", "--selector kqueue", WRONG, "invalid choice: 'kqueue'"),
    ("event_loops.asyncio_tasks", "--tasks now", WRONG, "invalid choice: 'now'"),
    ("event_loops.loop_protocol", "--loop uvloop", WRONG, "uvloop is no package.factory of event loops: 'module'"),
    ("event_loops.loop_protocol", "--loop uvloop.new_loop", WRONG, "module 'uvloop' has no attribute 'new_loop'"),
    ("event_loops.loop_streams", "--loop os.getcwd", WRONG, "is no package.factory of event loops: it makes '/"),
    ("event_loops.loop_streams", "--loop json.loads", WRONG, "missing 1 required positional argument"),
    ("event_loops.loop_sockets", "--loop no-package.x", WRONG, "invalid format: 'no-package.x'"),
    ("event_loops.loop_sockets", "--loop absentloop.new_event_loop", ABSENT, "pip install absentloop"),
    ("reactors.twisted_protocol", "--reactor uring", WRONG, "no reactor 'uring'; there are default, select, poll"),
    ("reactors.twisted_protocol", "--reactor kqueue", ABSENT, "no reactor 'kqueue' on this platform"),
    ("reactors.twisted_protocol", "--reactor poll --reactor select", WRONG, "reactor already installed"),
    ("structured.anyio_streams", "--backend curio", WRONG, "no backend 'curio'; there are asyncio, uvloop, trio"),
    ("green_threads.gevent_stream", "--pool 0", WRONG, "0 is not between 1 and 100000"),
    ("green_threads.gevent_stream", "--pool -3", WRONG, "-3 is not between 1 and 100000"),
    ("green_threads.gevent_stream", "--pool 1000000", WRONG, "1000000 is not between 1 and 100000"),
    ("green_threads.gevent_stream", "--pool many", WRONG, "invalid integer value: 'many'"),
]


def of(module: str, options: str) -> Strategy:
    """A strategy of ours with options of its own."""
    return Strategy(command=f"{{python}} -m servers.{module} {{options}} {options}", name="mine", cwd=ROOT)


@pytest.mark.parametrize(("module", "options", "code", "told"), BAD, ids=[" ".join(each[:2]) for each in BAD])
def test_a_bad_option_is_one_line_and_starts_nothing(module: str, options: str, code: int, told: str) -> None:
    ended = subprocess.run(command(of(module, options)), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert len(ended.stderr.splitlines()) == 1
    assert told in ended.stderr


def test_a_loop_that_is_our_own_serves(start: Start, tmp_path: Path) -> None:
    """A further loop is a line of TOML: any package on the path will do."""
    (tmp_path / "ownloop.py").write_text(
        "import asyncio, sys\n\ndef make():\n    print('made', file=sys.stderr)\n    return asyncio.new_event_loop()\n"
    )
    for module in ("loop_protocol", "loop_streams", "loop_sockets"):
        strategy = of(f"event_loops.{module}", "--loop ownloop.make")
        server = start(strategy.model_copy(update={"name": module, "env": {"PYTHONPATH": str(tmp_path)}}))
        with connected(server) as sock:
            assert echoed(sock)
        assert (tmp_path / f"{module}.err").read_text() == "made\n" * 2  # it was tried once before


HAVE_EPOLL = {
    "asyncio-select": False,
    "asyncio-poll": False,
    "asyncio-epoll": True,
    "twisted": True,
    "twisted-select": False,
    "twisted-poll": False,
    "twisted-asyncio": True,
    "twisted-uvloop": True,
}


def loaded(server: Server) -> str:
    return Path(f"/proc/{server.pid}/maps").read_text()


def watching(server: Server) -> list[str]:
    """The epoll descriptors that the server has."""
    folder = Path(f"/proc/{server.pid}/fd")
    return [name for name in os.listdir(folder) if os.readlink(folder / name) == "anon_inode:[eventpoll]"]


@pytest.mark.parametrize("name", HAVE_EPOLL)
def test_a_server_waits_with_what_was_asked_for(name: str, start: Start) -> None:
    server = start(STRATEGIES[name])
    with connected(server) as sock:
        assert echoed(sock)
        assert bool(watching(server)) == HAVE_EPOLL[name]
        assert ("uvloop" in loaded(server)) == (name == "twisted-uvloop")


def test_a_pool_serves_so_many_and_the_next_when_one_leaves(start: Start) -> None:
    server = start(of("green_threads.gevent_stream", "--pool 2"))
    with connected(server) as first, connected(server) as second:
        assert echoed(first)
        assert echoed(second)
        with connected(server) as third:
            third.sendall(b"a message\r\n")
            assert echoed(first)  # whoever is served goes on being served
            third.settimeout(0.2)
            with pytest.raises(TimeoutError):
                third.recv(1)
            first.close()
            third.settimeout(10)
            assert third.recv(100) == b"a message\r\n"


@pytest.mark.parametrize("name", ["trio", "anyio-trio", "eventlet", "tornado", "twisted-asyncio", "rloop-sockets"])
def test_a_library_leaves_ctrl_c_to_the_contract(name: str, start: Start) -> None:
    server = start(STRATEGIES[name])
    with connected(server) as sock:
        assert echoed(sock)
        os.killpg(server.pid, signal.SIGINT)
        assert sock.recv(1) == b""
        ended = server.stop()
    assert (ended.exit_code, ended.killed, ended.leftovers) == (0, False, 0)


def test_replies_of_tasks_keep_their_order(start: Start) -> None:
    """Many segments of one client, each with a task of its own."""
    server = start(STRATEGIES["asyncio-tasks"], recv_size=64)
    message = b"".join(b"%06d" % number for number in range(20_000)) + b"\r\n"
    with connected(server) as sock:
        sock.sendall(message)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while data := sock.recv(65536):
            received += data
    assert received == message


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="has eager tasks")
def test_eager_tasks_need_a_newer_python() -> None:
    ended = subprocess.run(command(STRATEGIES["asyncio-eager"]), cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (ABSENT, "")
    assert ended.stderr == "asyncio_tasks.py: --tasks eager needs Python 3.12 or newer; name one as a variant\n"


def connected(server: Server) -> socket.socket:
    return socket.create_connection(server.address, 10)


def echoed(sock: socket.socket) -> bool:
    sock.sendall(b"?\r\n")
    return sock.recv(100) == b"?\r\n"
