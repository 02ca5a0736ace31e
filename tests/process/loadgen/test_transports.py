"""Messages over Unix sockets and in datagrams: what is lost, doubled, late or another client's is counted."""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.processes.endpoint import Endpoint
from harness.processes.loader import Loader
from tests.support import peers
from tests.support.peers import echo, opened, windows_until

LOST_S = 0.5  # longer than a busy machine keeps a server waiting
LENGTHS = peers.LENGTHS | {"lost_after_s": LOST_S, "drain_limit_s": 4 * LOST_S}  # whatever is lost is lost within
EVERY = 20
Answer = Callable[[socket.socket, bytes, object, int], None]  # to a datagram, its sender, and how many there were


def comes(sock: socket.socket) -> bool:
    """Whether a datagram does, soon."""
    return bool(select.select([sock], (), (), 0.02)[0])


class Datagrams:
    """A server in a thread of the test: `answer` is called for each datagram."""

    def __init__(self, endpoint: Endpoint, answer: Answer) -> None:
        self._sock = socket.socket(socket.AF_UNIX if endpoint.is_local else socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(endpoint.address)
        told = self._sock.getsockname()
        self.url = (endpoint if endpoint.is_local else Endpoint(*told, endpoint.transport)).url
        self._answer, self._ends = answer, False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        number = 0
        while not self._ends:
            if not comes(self._sock):
                continue
            datagram, sender = self._sock.recvfrom(65536)
            number += 1
            with contextlib.suppress(OSError):  # who asked is gone
                self._answer(self._sock, datagram, sender, number)

    def close(self) -> None:
        self._ends = True
        self._thread.join()
        self._sock.close()


@contextlib.contextmanager
def serving(endpoint: Endpoint, answer: Answer) -> Iterator[str]:
    server = Datagrams(endpoint, answer)
    try:
        yield server.url
    finally:
        server.close()


def echoed(sock: socket.socket, datagram: bytes, sender: object, number: int) -> None:
    sock.sendto(datagram, sender)  # type: ignore[arg-type]


def if_there(*given: Any) -> None:
    with contextlib.suppress(OSError):
        echoed(*given)


@pytest.fixture(params=["udp", "unix-datagram"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Endpoint:
    is_local = request.param == "unix-datagram"
    return Endpoint(str(tmp_path / "s") if is_local else "127.0.0.1", transport=request.param)


def test_each_datagram_is_a_message(one_worker: Loader, endpoint: Endpoint) -> None:
    with serving(endpoint, echoed) as url, opened(one_worker, {"it": url}) as answer:
        seen = one_worker.window("it", LENGTHS)
    assert answer["targets"]["it"] == {"answered": 3, "errors": {}}
    assert seen["requests"] > 0
    assert (seen["errors"], seen["unstamped"], seen["failed"]) == ({}, 0, 0)


def test_the_largest_is_one_too(one_worker: Loader, endpoint: Endpoint) -> None:
    with serving(endpoint, echoed) as url, opened(one_worker, {"it": url}, message_size=65_507):
        seen = one_worker.window("it", LENGTHS)
    assert seen["requests"] > 0
    assert seen["errors"] == {}


def test_unix_streams_have_no_stamps(one_worker: Loader, tmp_path: Path) -> None:
    """And latencies end where the loader saw the reply."""
    place = Endpoint(str(tmp_path / "s"), transport="unix")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place.host)
    listener.listen(8)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=echo, args=(sock, 0), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with opened(one_worker, {"it": place.url}):
        seen = one_worker.window("it", LENGTHS)
    with opened(one_worker, {"it": place.url}, requests_per_connection=1):
        ending = one_worker.window("it", LENGTHS)
    listener.close()
    assert seen["requests"] > 0 < ending["connects"]
    assert seen["errors"] == ending["errors"] == {}
    assert seen["unstamped"] == seen["answered"]


def test_what_a_server_drops_is_lost(one_worker: Loader, endpoint: Endpoint) -> None:
    dropped = 0

    def drops(sock: socket.socket, datagram: bytes, sender: object, number: int) -> None:
        nonlocal dropped
        if number > 3 and number % EVERY == 0:
            dropped += 1
        else:
            echoed(sock, datagram, sender, number)

    with serving(endpoint, drops) as url, opened(one_worker, {"it": url}):
        seen = windows_until(one_worker, lambda seen: dropped, LENGTHS)
    assert sum(window["errors"].get("lost", 0) for window in seen) == dropped
    assert all(window["errors"].keys() <= {"lost"} for window in seen)
    assert all(window["censored"] == 0 for window in seen)


def test_a_lost_one_is_slower_than_any_answer(one_worker: Loader, endpoint: Endpoint) -> None:
    with (
        serving(endpoint, lambda *given: None if given[3] > 3 else echoed(*given)) as url,
        opened(one_worker, {"it": url}),
    ):
        seen = one_worker.window("it", LENGTHS | {"lost_after_s": 0.05})  # and is asked anew in the counted part
    assert 0 < seen["unfinished"] <= seen["errors"]["lost"]


def test_what_comes_twice_is_doubled(one_worker: Loader, endpoint: Endpoint) -> None:
    doubled = 0

    def doubles(sock: socket.socket, datagram: bytes, sender: object, number: int) -> None:
        nonlocal doubled
        echoed(sock, datagram, sender, number)
        if number % EVERY == 0:
            doubled += 1
            echoed(sock, datagram, sender, number)

    with serving(endpoint, doubles) as url, opened(one_worker, {"it": url}):
        seen = windows_until(one_worker, lambda seen: doubled > 1, LENGTHS)
    assert sum(window["errors"].get("doubled", 0) for window in seen) in (doubled, doubled - 1)  # the last on its way
    assert all((window["errors"].keys(), window["failed"]) <= ({"doubled"}, 0) for window in seen)


def test_what_is_swapped_is_corrupt(one_worker: Loader, endpoint: Endpoint) -> None:
    swapped = 0

    def swaps(sock: socket.socket, datagram: bytes, sender: object, number: int) -> None:
        """The last one that asks in a window has nobody to swap with."""
        nonlocal swapped
        whose = sender
        if number > 3 and number % EVERY == 0 and comes(sock):
            other, whose = sock.recvfrom(65536)
            echoed(sock, other, sender, number)
            swapped += 2
        echoed(sock, datagram, whose, number)

    with serving(endpoint, swaps) as url, opened(one_worker, {"it": url}):
        seen = windows_until(one_worker, lambda seen: swapped, LENGTHS)
    assert sum(window["errors"].get("corrupt", 0) for window in seen) == swapped
    assert all(window["errors"].keys() <= {"corrupt"} for window in seen)


def test_who_is_answered_after_it_was_given_up_is_out_of_order(one_worker: Loader, endpoint: Endpoint) -> None:
    late: list[threading.Timer] = []

    def delays(sock: socket.socket, datagram: bytes, sender: object, number: int) -> None:
        if number > 3 and number % EVERY == 0:
            late.append(threading.Timer(2 * LOST_S, if_there, (sock, datagram, sender, number)))
            late[-1].start()
        else:
            echoed(sock, datagram, sender, number)

    with serving(endpoint, delays) as url:
        with opened(one_worker, {"it": url}):
            seen = windows_until(one_worker, lambda seen: "reordered" in seen[-1]["errors"], LENGTHS)
        for timer in late:
            timer.join()
    lost, reordered = (sum(window["errors"].get(kind, 0) for window in seen) for kind in ("lost", "reordered"))
    assert lost == len(late)
    assert reordered <= lost  # some may come when nobody listens any more
    assert all(window["errors"].keys() <= {"lost", "reordered"} for window in seen)


def test_nobody_there_is_refused(one_worker: Loader) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        endpoint = Endpoint(*gone.getsockname(), "udp")
    with opened(one_worker, {"it": endpoint.url}) as answer:
        pass
    assert answer["targets"]["it"]["answered"] == 0
    assert set(answer["targets"]["it"]["errors"]) == {"refused"}


def test_what_waits_for_room_is_not_lost(one_worker: Loader, tmp_path: Path) -> None:
    """A Unix socket's queue is short, and whoever finds it full waits: here for a server that takes its time."""
    clients, takes_s, lost_s = 80, 0.02, 1.2  # eleven find room, and the last one waits for 1.6 s
    place = Endpoint(str(tmp_path / "s"), transport="unix-datagram")

    def dawdles(sock: socket.socket, datagram: bytes, sender: object, number: int) -> None:
        threading.Event().wait(takes_s)
        echoed(sock, datagram, sender, number)

    lengths = LENGTHS | {"lost_after_s": lost_s, "drain_limit_s": 30.0}
    with serving(place, dawdles) as url, opened(one_worker, {"it": url}, clients):
        seen = [one_worker.window("it", lengths) for _ in range(2)]
    assert all(window["errors"] == {} for window in seen)
    assert all(window["replies"] > 0 for window in seen)
