"""Handlers in servers: each acts, they overlap where the strategy can, and replies keep their order."""

import contextlib
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from harness.config import Strategy
from harness.processes.server import Server
from servers import handlers
from tests.support.project import ROOT, STRATEGIES, command

Start = Callable[..., Server]

DEADLINE_S = 10
MINE, OTHERS = b"00000000 mine\r\n", b"00000001 another's\r\n"
CROWD, T_S = 30, 0.25  # in turn they take 7.5 s
BLOCKS_S = 1.5  # for each of the crowd in turn that would be longer than anybody waits; few replies take less
AT_ONCE_S = 4.0  # no machine takes so long for one of them
CANNOT_WAIT = {name for name, each in STRATEGIES.items() if "waits" in each.lacks}
OFFLOADING = [
    "asyncio-to-thread", "asyncio-process-pool", "twisted-defer", "trio-to-thread", "anyio-to-thread",
    "gevent-threadpool",
]  # fmt: skip
PER_CLIENT = ["forking", "threading", "forking-bare", "threading-bare", "thread-pool", "thread-executor"]
LOOPS = [
    "epoll", "io_uring", "asyncio", "uvloop", "tornado", "twisted-line", "gevent", "eventlet", "trio", "anyio-uvloop",
]  # fmt: skip
COMPUTING = ["epoll", "forking", "threading", "asyncio", *OFFLOADING]


def told(strategy: Strategy, handler: str) -> Strategy:
    """That strategy with that handler."""
    return strategy.model_copy(update={"command": f"{strategy.command} {handler}"})


@contextlib.contextmanager
def clients(server: Server, count: int) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(server.address, DEADLINE_S)) for _ in range(count)]


def answered(sock: socket.socket, message: bytes) -> bool:
    received = b""
    while len(received) < len(message) and (data := sock.recv(len(message) - len(received))):
        received += data
    return received == message


def seconds(socks: list[socket.socket], message: bytes) -> float:
    """Until all are answered who ask at the same time."""
    began = time.monotonic()
    for sock in socks:
        sock.sendall(message)
    assert all(answered(sock, message) for sock in socks)
    return time.monotonic() - began


# --- waits ------------------------------------------------------------------------------------------------------------


def test_waits_of_several_clients_overlap(strategy: Strategy, start: Start) -> None:
    if strategy.name in CANNOT_WAIT:
        pytest.skip("it can't wait")
    server = start(told(strategy, f"--handler waits --handler-us {T_S * 1e6:.0f}"))
    with clients(server, min(strategy.serves or CROWD, CROWD)) as socks:
        assert T_S <= seconds(socks, OTHERS) < AT_ONCE_S
        assert seconds(socks[:1], OTHERS * 3) >= 3 * T_S
    assert server.stop().problems == []


def test_who_cannot_wait_says_so_and_is_skipped() -> None:
    for name in CANNOT_WAIT - {"io_uring", "subinterpreters"}:  # they may have another reason here
        words = command(STRATEGIES[name], "--handler", "waits", "--handler-us", "1000")
        ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert (ended.returncode, ended.stdout) == (3, ""), name
        assert ended.stderr.endswith(".py: has no way to wait without blocking; ask it for --handler blocks\n")
        assert ended.stderr.count("\n") == 1


# --- blocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOOPS)
def test_a_handler_that_blocks_holds_up_all_clients_of_a_loop(name: str, start: Start) -> None:
    server = start(told(STRATEGIES[name], "--handler blocks --handler-us 60000"))
    with clients(server, 5) as socks:
        assert seconds(socks, OTHERS) >= 5 * 0.06
    assert server.stop().problems == []


@pytest.mark.parametrize("name", [*PER_CLIENT, *OFFLOADING])
def test_a_thread_or_a_process_that_blocks_holds_up_nobody_else(name: str, start: Start) -> None:
    crowd = 2 if name == "asyncio-process-pool" else CROWD
    server = start(told(STRATEGIES[name], f"--handler blocks --handler-us {BLOCKS_S * 1e6:.0f} --handler-of one"))
    with clients(server, crowd + 1) as (bystander, *socks):
        began = time.monotonic()
        for sock in socks:
            sock.sendall(MINE)
        for _ in range(3):
            seconds([bystander], OTHERS)
        assert select.select(socks, (), (), 0)[0] == []  # it was answered before any of them
        assert all(answered(sock, MINE) for sock in socks)
        assert time.monotonic() - began >= BLOCKS_S
    assert server.stop().problems == []


@pytest.mark.parametrize("name", ["epoll", "asyncio", "gevent"])
def test_a_bystander_of_a_loop_is_held_up(name: str, start: Start) -> None:
    server = start(told(STRATEGIES[name], "--handler blocks --handler-us 300000 --handler-of one"))
    with clients(server, 2) as (one, bystander):
        one.sendall(MINE)
        one.setblocking(False)
        longest = 0.0
        while True:  # until the one is answered: meanwhile it was blocked once
            longest = max(longest, seconds([bystander], OTHERS))
            with contextlib.suppress(BlockingIOError):
                assert one.recv(100) == MINE
                break
        assert longest > 0.1


def test_bystanders_are_answered_at_once(start: Start) -> None:
    server = start(told(STRATEGIES["epoll"], "--handler blocks --handler-us 30000000 --handler-of one"))
    with clients(server, 5) as socks:
        assert seconds(socks, OTHERS) < AT_ONCE_S
        socks[0].sendall(MINE)
        assert server.stop().problems == []  # in the midst of it


@pytest.mark.parametrize("name", ["blocking", "forking", "threading", "epoll", "prefork", "twisted", "uvloop", "gevent",
                                  "eventlet", "trio", *OFFLOADING])  # fmt: skip
def test_a_server_stops_in_the_midst_of_handlers(name: str, start: Start) -> None:
    server = start(told(STRATEGIES[name], "--handler computes --iterations 1000000000"))
    with clients(server, 20) as socks:
        for sock in socks:
            sock.sendall(MINE)
        until_computing(server)
        assert server.stop().problems == []


# --- computes ---------------------------------------------------------------------------------------------------------


def until_computing(server: Server) -> None:
    """Fails if it has not begun when the deadline is over."""
    deadline = time.monotonic() + DEADLINE_S
    while cpu_s(server) < 0.05:
        assert time.monotonic() < deadline, "no handler began"
        time.sleep(0.005)


def cpu_s(server: Server) -> float:
    """CPU time of its processes, in user mode."""
    process = psutil.Process(server.pid)
    return sum(each.cpu_times().user for each in (process, *process.children(recursive=True)))


@pytest.mark.parametrize("name", COMPUTING)
def test_a_handler_that_computes_takes_cpu_time_wherever_it_runs(name: str, start: Start) -> None:
    began = time.thread_time()
    handlers.compute(500_000)
    here_s = time.thread_time() - began
    server = start(told(STRATEGIES[name], "--handler computes --iterations 500000"))
    with clients(server, 2) as socks:
        before = cpu_s(server)
        seconds(socks, MINE)
        seconds(socks, MINE)
        assert cpu_s(server) - before > here_s  # a quarter of what four of them take


def test_iterations_are_calibrated_by_a_program_of_one_line() -> None:
    words = [sys.executable, "-m", "servers.handlers", "--calibrate"]
    told = json.loads(subprocess.run(words, cwd=ROOT, capture_output=True, timeout=DEADLINE_S, check=True).stdout)
    assert told.keys() == {"iterations_per_ms", "spread"}
    assert 0 < told["spread"][0] <= told["iterations_per_ms"] <= told["spread"][1]
