"""Who else is at a server: what each kind does, when, and what is told of it; against servers known to the byte."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.processes import session
from harness.processes.company import Company
from harness.processes.loader import LoaderFailed
from tests.support.peers import DEADLINE_S, echo, peers, reset, silent, total

HEAD_S = 0.01
GREETED = 64  # bytes of a message


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    found = Company(None, tmp_path)
    try:
        assert found.wait_ready() == {"ready": True}
        yield found
    finally:
        found.stop()
    assert session.members(found.pid) == []


class Heard:
    """What a server has heard, whoever said it; it answers as told."""

    def __init__(self, answer: Any = lambda data: data) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.chunks: list[bytes] = []

    def __call__(self, sock: socket.socket, number: int) -> None:
        while data := sock.recv(65536):
            with self._lock:
                self.chunks.append(data)
            sock.sendall(self._answer(data))


STILL_S = 0.1  # in which a dribbler would send ten bytes


def until(condition: Any) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def settled(heard: Heard) -> None:
    """Once nothing comes any more: what was sent before may be heard later."""
    deadline = time.monotonic() + DEADLINE_S
    before, now = -1, len(heard.chunks)
    while now != before:
        assert time.monotonic() < deadline
        threading.Event().wait(STILL_S)
        before, now = now, len(heard.chunks)


def acted(company: Company, seconds: float, target: str = "peer") -> dict[str, Any]:
    """What became of them in a window that long."""
    company.begin(target, HEAD_S)
    threading.Event().wait(seconds)
    return company.end()


def acted_until(company: Company, condition: Any) -> dict[str, Any]:
    """In as many windows as that takes, all together; of a histogram how many values it has."""
    sums: dict[str, Any] = {"windows": 0}
    deadline = time.monotonic() + DEADLINE_S
    while not condition(sums):
        assert time.monotonic() < deadline, sums
        sums["windows"] += 1
        for name, value in acted(company, 0.1).items():
            sums[name] = sums.get(name, 0) + (total(value) if name.endswith("_hdr") else value or 0)
    return sums


def test_idle_connections_stay_and_say_nothing(company: Company) -> None:
    heard = Heard()
    with peers(peer=heard) as started:
        came = company.come("peer", started["peer"].url, "idle", 40, queue=16)
        assert came == {"open": 40, "refused": 0, "closed": 0, "answers": True}
        asked = len(heard.chunks)
        assert asked == 3  # after each sixteen somebody else asks: whoever came before is at the server
        found = acted(company, 0.05)
        assert (found["company_open"], found["company_served"], found["company_closed"]) == (40, 0, 0)
        assert len(heard.chunks) == asked
        assert len(started["peer"].sources) == 40 + asked
        assert {source.split(".")[0] for source in started["peer"].sources} == {"127"}
        assert "127.0.0.1" not in started["peer"].sources  # nor do ports run out: it is an address of their own


def test_a_server_that_ends_their_connections_is_told(company: Company) -> None:
    def brief(sock: socket.socket, number: int) -> None:
        if number % 2 == 0:
            return
        echo(sock, number)

    with peers(peer=brief) as started:
        came = company.come("peer", started["peer"].url, "idle", 5, queue=100)  # the sixth is who asks
        until(lambda: acted(company, 0.02)["company_open"] == 2)
        assert came["answers"]
        assert came["refused"] == 0


@pytest.mark.parametrize("talk", [silent, lambda sock, number: reset(sock)])
def test_a_server_that_answers_nobody_is_told(company: Company, talk: Any) -> None:
    with peers(peer=talk) as started:
        assert not company.come("peer", started["peer"].url, "idle", 3, queue=2)["answers"]


def test_nobody_listens(company: Company) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = "tcp://{}:{}".format(*free.getsockname())
        assert company.come("peer", url, "idle", 3, queue=5) == {
            "open": 0, "refused": 3, "closed": 0, "answers": False,
        }  # fmt: skip


def test_slow_readers_ask_for_more_than_buffers_hold_and_leave_it_there(company: Company) -> None:
    taken = [0, 0, 0]

    def counts(sock: socket.socket, number: int) -> None:
        while data := sock.recv(65536):
            taken[number] += len(data)
            sock.sendall(data)  # waits for who doesn't read

    with peers(peer=counts) as started:
        assert company.come("peer", started["peer"].url, "slow", 2, queue=10)["open"] == 2
        until(lambda: all(taken))
        acted(company, 0.1)
        *slow, who_asks = taken
        assert who_asks == GREETED
        assert all(one < 256 * 1024 for one in slow)
        found = acted(company, 0.2)
        assert (found["company_open"], found["company_wrong"]) == (2, 0)
        assert all(now < 256 * 1024 for now in taken)


def test_dribblers_send_a_byte_at_a_time_and_their_replies_are_compared(company: Company) -> None:
    heard = Heard()
    with peers(peer=heard) as started:
        company.come("peer", started["peer"].url, "dribble", 3, queue=10)
        asked = len(heard.chunks)
        found = acted_until(company, lambda sums: sums.get("company_served", 0) >= 3)
        said = b"".join(heard.chunks[asked:])  # a server that is late reads several bytes at once
        assert found["company_wrong"] == 0
        assert said.count(b"\n") >= 3
        assert len(said) <= 3 * (found["company_s"] / 0.010 + found["windows"])


@pytest.mark.parametrize("kind", ["dribble", "chat"])
def test_a_wrong_reply_is_seen(company: Company, kind: str) -> None:
    shouts = Heard(bytes.swapcase)

    def lies(sock: socket.socket, number: int) -> None:
        (echo if number == 50 else shouts)(sock, number)  # who asks whether the server answers hears the truth

    with peers(peer=lies) as started:
        assert company.come("peer", started["peer"].url, kind, 50, queue=100)["answers"]
        found = acted_until(company, lambda sums: sums.get("company_wrong", 0) >= 1)
        assert found["company_served"] == 0
        assert found["company_closed"] == found["company_wrong"]  # they leave, as a client would


def test_a_chat_is_answered_now_and_then(company: Company) -> None:
    with peers(peer=echo) as started:
        company.come("peer", started["peer"].url, "chat", 60, queue=64)
        found = acted_until(company, lambda sums: sums.get("company_served", 0) >= 5)
        assert found["company_wrong"] == found["company_closed"] == 0


def test_churn_comes_asks_once_and_leaves(company: Company) -> None:
    with peers(peer=echo) as started:
        came = company.come("peer", started["peer"].url, "churn", 100, queue=64)
        assert came["open"] == 0
        found = acted_until(company, lambda sums: sums.get("company_connects", 0) >= 20)
        assert found["company_connects"] <= 100 * found["company_s"] + found["windows"]
        assert found["company_served"] == found["company_connects"] == found["company_connect_hdr"]
        assert (found["company_open"], found["company_refused"], found["company_waiting"]) == (0, 0, 0)


def test_a_burst_comes_at_once_and_it_is_told_when_all_were_served(company: Company) -> None:
    with peers(peer=echo) as started:
        company.come("peer", started["peer"].url, "burst", 30, queue=64)
        for _ in range(2):
            found = burst(company)
            assert (found["company_connects"], found["company_served"]) == (30, 30)
            assert 0 < found["company_served_s"] < DEADLINE_S
    found = burst(company)  # nobody listens any more
    assert (found["company_refused"], found["company_served_s"]) == (30, None)


def burst(company: Company) -> dict[str, Any]:
    """A window that was long enough for it to come: one that is over sooner has none."""
    deadline = time.monotonic() + DEADLINE_S
    while not (found := acted(company, 0.1))["company_connects"]:
        assert time.monotonic() < deadline
    return found


def test_who_is_never_answered_is_told_as_waiting(company: Company) -> None:
    with peers(peer=silent) as started:
        company.come("peer", started["peer"].url, "churn", 50, queue=64)
        found = acted(company, 0.2)
        assert found["company_waiting"] == found["company_connects"] > 0
        assert found["company_open"] == 0


def test_they_act_in_their_server_s_windows_alone(company: Company) -> None:
    one, other = Heard(), Heard()
    with peers(one=one, other=other) as started:
        for name in started:
            company.come(name, started[name].url, "dribble", 5, queue=10)
        asked = len(other.chunks)
        until(lambda: acted(company, 0.05, "one") and len(one.chunks) > asked + 20)
        settled(one)
        assert len(other.chunks) == asked


def test_when_they_leave_connections_are_closed(company: Company) -> None:
    gone = threading.Semaphore(0)

    def tells(sock: socket.socket, number: int) -> None:
        echo(sock, number)
        gone.release()

    with peers(peer=tells) as started:
        company.come("peer", started["peer"].url, "idle", 8, queue=64)
        room = company.room
        company.leave()
        assert all(gone.acquire(timeout=DEADLINE_S) for _ in range(8))
        assert company.room == room + 8


@pytest.mark.parametrize(
    ("url", "why"), [("udp://127.0.0.1:x", "could not come"), ("tcp://192.0.2.1:80", "not this machine")]
)
def test_what_it_is_told_wrongly_it_refuses(company: Company, url: str, why: str) -> None:
    with pytest.raises(LoaderFailed, match=why):
        company.come("peer", url, "idle", 1, queue=1)
    with pytest.raises(LoaderFailed, match="no window has begun"):
        company.end()


def test_one_that_dies_says_so(company: Company) -> None:
    company._process.kill()
    with pytest.raises(LoaderFailed, match="the company ended with -9"):
        company.leave()
