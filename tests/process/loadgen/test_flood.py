"""A reply that is not its message, in both hot loops: longer, shorter, and of another length than one read."""

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from loadgen import window
from loadgen.arrivals import Arrivals
from loadgen.compiled_loop import CompiledLoop
from loadgen.exchanges import Exchange
from loadgen.flood import Flood
from loadgen.loops import HotLoop
from loadgen.python_loop import PythonLoop
from loadgen.source import Source, SourceAddresses
from loadgen.target import Target
from loadgen.window import ClosedLoad, OpenLoad, WindowLengths
from tests.support.peers import DEADLINE_S, Peer, messages

LENGTHS = WindowLengths(head_s=0.01, counted_s=0.1, drain_limit_s=0.3, request_timeout_s=5.0)
SIZES = {"longer": 3, "shorter": 0.25, "much longer": 2000}
LOOPS = {"compiled": CompiledLoop, "python": PythonLoop}


def answer(message: bytes, share: float) -> bytes:
    """The end of the message, or the message over and over."""
    size = int(len(message) * share)
    return (message * int(share + 1))[-size:]


class Unlike(Exchange):
    share: float

    def reply(self, message: bytes) -> bytes:
        return answer(message, self.share)


@pytest.fixture(params=LOOPS)
def hot_loop(request: pytest.FixtureRequest) -> Callable[[Flood], HotLoop]:
    if request.param == "compiled" and shutil.which("cc") is None:
        pytest.skip("no C compiler here")
    loop: Callable[[Flood], HotLoop] = LOOPS[request.param]
    return loop


@pytest.fixture(params=SIZES)
def share(request: pytest.FixtureRequest) -> float:
    return SIZES[request.param]


@contextlib.contextmanager
def flooded(
    talk: Callable[[socket.socket, int], None], share: float, hot_loop: Callable[[Flood], HotLoop]
) -> Iterator[Flood]:
    peer = Peer(talk)
    exchange = type("Unlike", (Unlike,), {"share": share})(message_size=64)
    source = Source(SourceAddresses(), Target.of(peer.url))
    flood = Flood(
        Target.of(peer.url), exchange, [exchange.requests(name) for name in range(3)], source, hot_loop, stamps=True
    )
    try:
        flood.ask_all(again=False)
        while not flood.log.replies()[0].size and not flood.log.errors:
            flood.handle_events(1)
        yield flood
    finally:
        flood.close()
        peer.close()


def breathe() -> None:
    pass


@pytest.mark.parametrize("load", [ClosedLoad(), OpenLoad(200, "even", 1000, (1,))], ids=["closed", "open"])
def test_right_replies_are_counted(
    share: float, load: ClosedLoad | OpenLoad, hot_loop: Callable[[Flood], HotLoop]
) -> None:
    def talk(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            sock.sendall(answer(message, share))

    deadline = time.monotonic() + DEADLINE_S
    with flooded(talk, share, hot_loop) as flood:
        while not (seen := window.run(flood, LENGTHS, load, window.clock(), breathe)).requests:
            assert time.monotonic() < deadline  # else we were kept from our CPU for a whole window
    assert seen.errors == {}
    assert seen.carried + seen.asked == seen.replies + seen.failed + seen.censored


def test_arrivals_are_drawn_before_the_window_is_started(hot_loop: Callable[[Flood], HotLoop]) -> None:
    def talk(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            sock.sendall(answer(message, 3))

    load = OpenLoad(200, "poisson", 1000, (1, 7))
    drawn = load.drawn(LENGTHS.span_ns)
    with flooded(talk, 3, hot_loop) as flood:
        seen = window.run(flood, LENGTHS, load, window.clock(), breathe)
    assert load.drawn(LENGTHS.span_ns) is drawn  # nothing else was drawn meanwhile
    assert seen.offered == (drawn >= LENGTHS.head_s * 1e9).sum()


def test_nothing_is_dropped_beside_idle_clients(hot_loop: Callable[[Flood], HotLoop]) -> None:
    """Four are due at once: three clients are idle, one request may wait, a fifth would find no room."""

    def talk(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            sock.sendall(answer(message, 3))

    with flooded(talk, 3, hot_loop) as flood:
        while any(connection.open for connection in flood.connections):
            flood.handle_events(1)
        for due, dropped in ((4, 0), (5, 1)):
            coming = Arrivals(np.full(due, window.clock()), backlog=1)
            flood.expect(coming)
            flood.run(window.clock() + 10**10, breathe)
            assert flood.at_rest
            assert coming.never_begun().size == dropped


@pytest.mark.parametrize("at", [0, -1])
def test_reply_with_one_wrong_byte_is_corrupt(share: float, at: int, hot_loop: Callable[[Flood], HotLoop]) -> None:
    spoils = threading.Event()

    def talk(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            reply = bytearray(answer(message, share))
            reply[at] ^= spoils.is_set()
            sock.sendall(reply)

    with flooded(talk, share, hot_loop) as flood:
        spoils.set()
        seen = window.run(flood, LENGTHS, ClosedLoad(), window.clock(), breathe)
    assert seen.errors["corrupt"] > 0


def test_reply_of_the_turn_before_is_corrupt(share: float, hot_loop: Callable[[Flood], HotLoop]) -> None:
    late = threading.Event()

    def talk(sock: socket.socket, number: int) -> None:
        before = b""
        for message in messages(sock):
            sock.sendall(answer(before if late.is_set() and before else message, share))
            before = message

    with flooded(talk, share, hot_loop) as flood:
        late.set()
        seen = window.run(flood, LENGTHS, ClosedLoad(), window.clock(), breathe)
    assert seen.errors["corrupt"] > 0
