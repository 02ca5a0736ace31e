"""The load generator as a process, against small servers whose conduct is known to the byte."""

import contextlib
import ipaddress
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hdrh.histogram import HdrHistogram

from harness.processes import session
from harness.processes.loader import Loader, LoaderFailed
from harness.processes.server import Server
from loadgen import compiled_loop, source
from loadgen.source import Source, SourceAddresses
from tests.support.peers import CLIENTS, DEADLINE_S, LENGTHS, echo, messages, opened, peers, reset, silent, total
from tests.support.project import ROOT, STRATEGIES


@pytest.fixture
def flooded(one_worker: Loader) -> Callable[..., Any]:
    """flooded(talk, windows=1, **open): the answer to `open`, then the observations."""

    def run(talk: Callable[[socket.socket, int], None], windows: int = 1, lengths: Any = None, **given: Any) -> Any:
        with peers(it=talk) as started, opened(one_worker, {"it": started["it"].address}, **given) as answer:
            seen = [one_worker.window("it", LENGTHS | (lengths or {})) for _ in range(windows)]
        return answer["targets"]["it"], *seen

    return run


# --- servers that do it right ------------------------------------------------------------------------------


def test_correct_replies_are_counted_and_timed(flooded: Callable[..., Any]) -> None:
    answer, seen = flooded(echo, clients=7)
    assert answer == {"answered": 7, "errors": {}}
    assert 0 < seen["requests"] <= seen["replies"]
    assert 0 < total(seen["latency_hdr"]) <= seen["replies"]
    assert seen["latency_p99_ns"] > 0
    assert seen["counted_s"] == LENGTHS["counted_s"]
    nothing = ("late", "censored", "unanswered", "connects", "errors", "censored_hdr", "connect_hdr")
    assert not any(seen[key] for key in nothing)


def test_message_names_its_client_and_its_turn(one_worker: Loader) -> None:
    streams: dict[int, list[bytes]] = {}

    def listen(sock: socket.socket, number: int) -> None:
        for message in messages(sock, 11):
            streams.setdefault(number, []).append(message)
            sock.sendall(message)

    with peers(it=listen) as started, opened(one_worker, {"it": started["it"].address}, message_size=11):
        one_worker.window("it", LENGTHS)
    assert len({messages[0][:8] for messages in streams.values()}) == CLIENTS
    for said in streams.values():
        assert {message[:8] for message in said} == {said[0][:8]}
        assert all(one != next_ for one, next_ in itertools.pairwise(said))
        assert all(message.endswith(b"\r\n") and not {10, 13} & set(message[:-2]) for message in said)


def test_reply_in_pieces_is_whole(flooded: Callable[..., Any]) -> None:
    def in_pieces(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            sock.sendall(message[:5])
            sock.sendall(message[5:])

    _, seen = flooded(in_pieces)
    assert seen["replies"] > 0
    assert seen["errors"] == {}


def test_large_messages_take_partial_writes(flooded: Callable[..., Any]) -> None:
    answer, seen = flooded(echo, clients=2, message_size=2**20, lengths={"counted_s": 0.3, "drain_limit_s": 5.0})
    assert answer == {"answered": 2, "errors": {}}
    assert seen["replies"] > 0
    assert seen["errors"] == {}
    assert seen["censored"] == 0


@pytest.mark.parametrize("per_connection", [1, 3])
def test_connections_carry_so_many_requests(flooded: Callable[..., Any], per_connection: int) -> None:
    carried: dict[int, int] = {}

    def count(sock: socket.socket, number: int) -> None:
        carried[number] = 0
        for message in messages(sock):
            carried[number] += 1
            sock.sendall(message)

    _, seen = flooded(count, requests_per_connection=per_connection)
    assert seen["requests"] > 0
    assert seen["errors"] == {}
    assert 0 < seen["connects"] == total(seen["connect_hdr"])
    assert max(carried.values()) == per_connection
    assert sum(count != per_connection for count in carried.values()) <= CLIENTS  # each client's last one


@pytest.mark.parametrize("service", ["greet", "log"])
def test_services_of_one_request(one_worker: Loader, start: Callable[..., Server], service: str) -> None:
    server = start(STRATEGIES["epoll"], service)
    with opened(
        one_worker, {"epoll": (server.host, server.port)}, service=service, requests_per_connection=1
    ) as answer:
        seen = one_worker.window("epoll", LENGTHS)
    assert answer["targets"]["epoll"] == {"answered": CLIENTS, "errors": {}}
    assert 0 < seen["requests"] <= seen["replies"]
    assert seen["errors"] == {}
    assert seen["unanswered"] == 0
    assert 0 < seen["connects"] == total(seen["connect_hdr"])
    assert total(seen["latency_hdr"]) > 0


@pytest.mark.parametrize(
    ("service", "reply"),
    [("greet", b"Thank you for connecting\n"), ("greet", b"Thank you for connecting\r\n!"), ("log", b"63\r\n")],
)
def test_wrong_answer_of_a_service_is_corrupt(flooded: Callable[..., Any], service: str, reply: bytes) -> None:
    turns = itertools.count()
    right = {"greet": b"Thank you for connecting\r\n", "log": b"64\r\n"}[service]

    def answers(sock: socket.socket, number: int) -> None:
        if service == "log":
            sock.recv(64, socket.MSG_WAITALL)
        sock.sendall(right if next(turns) < CLIENTS else reply)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)

    answer, seen = flooded(answers, service=service, requests_per_connection=1)
    assert answer["answered"] == CLIENTS
    assert seen["replies"] == 0
    assert seen["errors"]["corrupt"] >= CLIENTS


def test_population_grows_and_shrinks(one_worker: Loader) -> None:
    with peers(it=echo) as started:
        for clients in (5, 1, 9):
            with opened(one_worker, {"it": started["it"].address}, clients=clients) as answer:
                assert answer["clients"] == [clients]
                assert answer["targets"]["it"]["answered"] == clients


# --- servers that never answer, opened together: waiting for them costs its time once --------------------------


def wrong(sock: socket.socket, number: int) -> None:
    for message in messages(sock):
        sock.sendall(message[:20] + b"?" + message[21:])


def twice(sock: socket.socket, number: int) -> None:
    for message in messages(sock):
        sock.sendall(message + message)


def resets(sock: socket.socket, number: int) -> None:
    sock.recv(64)
    reset(sock)


def closes(sock: socket.socket, number: int) -> None:
    sock.recv(64, socket.MSG_WAITALL)


class Crossing:
    """Gives each client of a pair the other's reply."""

    def __init__(self) -> None:
        self._meetings = [threading.Barrier(2) for _ in range(20)]
        self._said: dict[int, bytes] = {}

    def __call__(self, sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            self._said[number] = message
            self._meetings[number // 2].wait(DEADLINE_S)
            sock.sendall(self._said[number ^ 1])


class RightFromThe:
    """Closes the first connections unanswered, and serves the later ones."""

    def __init__(self, first_right: int) -> None:
        self._first_right = first_right

    def __call__(self, sock: socket.socket, number: int) -> None:
        (echo if number >= self._first_right else closes)(sock, number)


@pytest.fixture(scope="module")
def unanswering(one_worker: Loader) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """For each: the answer to `open`, and a window. Four clients, so that pairs cross."""
    with socket.socket() as nobody, peers(
        wrong=wrong, twice=twice, crossed=Crossing(), resets=resets, closes=closes, silent=silent, late=RightFromThe(4)
    ) as started:  # fmt: skip
        nobody.bind(("127.0.0.1", 0))  # holds the port and listens to no one
        targets = {name: peer.address for name, peer in started.items()} | {"refused": nobody.getsockname()}
        with opened(one_worker, targets, clients=4) as answer:
            return {name: (answer["targets"][name], one_worker.window(name, LENGTHS)) for name in targets}


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("wrong", "corrupt"),
        ("twice", "corrupt"),
        ("crossed", "corrupt"),
        ("resets", "reset"),
        ("closes", "closed"),
        ("refused", "refused"),
    ],
)
def test_error_by_its_kind(unanswering: dict[str, Any], target: str, kind: str) -> None:
    answer, seen = unanswering[target]
    assert answer == {"answered": 0, "errors": {kind: 4}}
    assert seen["errors"] == {kind: 4}
    assert seen["requests"] == seen["replies"] == seen["censored"] == 0
    assert seen["unanswered"] == 4
    assert seen["latency_hdr"] is None


def test_server_that_never_answers(unanswering: dict[str, Any]) -> None:
    answer, seen = unanswering["silent"]
    assert answer == {"answered": 0, "errors": {}}
    assert seen["requests"] == seen["replies"] == 0
    assert seen["unanswered"] == seen["censored"] == total(seen["censored_hdr"]) == 4
    assert seen["latency_hdr"] is None
    assert seen["errors"] == {}


def test_client_answered_only_after_a_failure_does_not_starve(unanswering: dict[str, Any]) -> None:
    answer, seen = unanswering["late"]
    assert answer == {"answered": 0, "errors": {"closed": 4}}
    assert seen["requests"] > 0
    assert seen["unanswered"] == 0
    assert seen["censored"] == 0


# --- servers that answer at first ----------------------------------------------------------------------------


def after_the_first(then: Callable[[socket.socket, bytes], None]) -> Callable[[socket.socket, int], None]:
    def talk(sock: socket.socket, number: int) -> None:
        for turn, message in enumerate(messages(sock)):
            if turn:
                then(sock, message)
            else:
                sock.sendall(message)

    return talk


def ends(sock: socket.socket, message: bytes) -> None:
    sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        (lambda sock, message: sock.sendall(message[::-1]), "corrupt"),
        (lambda sock, message: reset(sock), "reset"),
        (ends, "closed"),
    ],
    ids=["wrong", "resets", "closes"],
)
def test_each_failure_is_counted_and_replaced(flooded: Callable[..., Any], then: Any, kind: str) -> None:
    answer, seen = flooded(after_the_first(then))
    assert answer["answered"] == CLIENTS
    assert list(seen["errors"]) == [kind]
    assert seen["errors"][kind] > CLIENTS  # the clients came again, and were answered once each
    assert seen["connects"] >= seen["replies"] > 0
    assert seen["unanswered"] == 0


def test_second_copy_of_a_reply_is_corrupt(flooded: Callable[..., Any]) -> None:
    def copies(sock: socket.socket, message: bytes) -> None:
        sock.sendall(message)
        sock.sendall(message)

    _, seen = flooded(after_the_first(copies))
    assert list(seen["errors"]) == ["corrupt"]


def test_one_client_served_the_others_starve(flooded: Callable[..., Any]) -> None:
    answer, seen = flooded(lambda sock, number: (silent if number else echo)(sock, number), clients=6)
    assert answer == {"answered": 1, "errors": {}}
    assert seen["requests"] > 0
    assert seen["unanswered"] == seen["censored"] == total(seen["censored_hdr"]) == 5
    assert total(seen["latency_hdr"]) <= seen["replies"]


def test_late_answers_are_no_latencies(one_worker: Loader) -> None:
    """In the first window every reply is held back beyond the drain; in the second only those come."""
    release = threading.Event()

    def holds(sock: socket.socket, number: int) -> None:
        for turn, message in enumerate(messages(sock)):
            if turn == 1:
                release.wait(DEADLINE_S)
            if turn < 2:
                sock.sendall(message)

    with peers(it=holds) as started, opened(one_worker, {"it": started["it"].address}):
        held = one_worker.window("it", LENGTHS)
        release.set()
        after = one_worker.window("it", LENGTHS)
    assert held["replies"] == held["late"] == 0
    assert held["censored"] == total(held["censored_hdr"]) == CLIENTS
    assert HdrHistogram.decode(held["censored_hdr"]).get_min_value() >= LENGTHS["drain_limit_s"] * 1e9
    assert (held["unanswered"], after["unanswered"]) == (CLIENTS, 0)
    assert after["late"] == after["replies"] == CLIENTS
    assert after["requests"] == 0
    assert after["latency_hdr"] is None


def test_old_request_is_timed_out_and_its_connection_replaced(one_worker: Loader) -> None:
    lengths = LENGTHS | {"drain_limit_s": 0.05, "request_timeout_s": 0.02}
    talk = after_the_first(lambda sock, message: None)
    with peers(it=talk) as started, opened(one_worker, {"it": started["it"].address}):
        first = one_worker.window("it", lengths)
        assert len(started["it"].sources) == CLIENTS
        second = one_worker.window("it", lengths)
    assert first["errors"] == second["errors"] == {"timed_out": CLIENTS}
    assert first["censored"] == second["censored"] == 0
    assert second["connects"] == CLIENTS


# --- where the load goes, and where it comes from --------------------------------------------------------------


def test_remote_target_is_refused_before_any_connect(one_worker: Loader) -> None:
    with peers(near=echo, other=echo) as started:
        targets = {"near": started["near"].address, "far": ("203.0.113.1", 9)}
        with pytest.raises(LoaderFailed, match=r"203\.0\.113\.1.*--allow-remote"):
            one_worker.open(targets, 1, {"service": "echo", "message_size": 64, "requests_per_connection": 0}, 64)
        with opened(one_worker, {"other": started["other"].address}):
            pass
        assert started["near"].sources == [], "a refused command leaves nothing behind"


def test_each_server_sees_an_address_of_its_own(one_worker: Loader) -> None:
    with peers(a=echo, b=echo) as started:
        targets = {name: peer.address for name, peer in started.items()}
        for _ in range(2):
            with opened(one_worker, targets):
                pass
        seen = [peer.sources for peer in started.values()]
    for sources in seen:
        assert len(sources) == 2 * CLIENTS
        assert len(set(sources)) == 2  # one for each time it was opened
    assert not set(seen[0]) & set(seen[1])
    assert all(ipaddress.ip_address(host).is_loopback for sources in seen for host in sources)


def test_source_address_changes_before_its_ports_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert source.CONNECTIONS_PER_ADDRESS == 8000
    monkeypatch.setattr(source, "CONNECTIONS_PER_ADDRESS", 3)
    addresses = SourceAddresses()
    used: list[list[str]] = []
    for _ in range(4):
        one = Source(addresses, "127.0.0.1")
        used.append([bound(one) for _ in range(7)])
    for sources in used:
        assert [len(list(group)) for _, group in itertools.groupby(sources)] == [3, 3, 1]
    every = [host for sources in used for host, _ in itertools.groupby(sources)]
    assert len(set(every)) == len(every)
    assert all(ipaddress.ip_address(host) in ipaddress.ip_network("127.0.0.0/8") for host in every)
    assert not any(host.startswith("127.0.") for host in every)


def test_source_of_other_targets_is_left_to_the_kernel() -> None:
    assert bound(Source(SourceAddresses(), "192.0.2.1")) == "0.0.0.0"


def bound(one: Source) -> str:
    with socket.socket() as sock:
        one.bind(sock)
        host, port = sock.getsockname()
        assert port == 0  # left to connect()
        return str(host)


# --- two workers -------------------------------------------------------------------------------------------------


def test_two_workers_give_the_same_fields(one_worker: Loader, two_workers: Loader) -> None:
    seen = {}
    with peers(it=echo) as started:
        for loader in (one_worker, two_workers):
            with opened(loader, {"it": started["it"].address}, clients=6) as answer:
                assert answer["targets"]["it"] == {"answered": 6, "errors": {}}
                seen[loader] = loader.window("it", LENGTHS)
    one, two = seen[one_worker], seen[two_workers]
    assert two.keys() == one.keys()
    assert two["requests"] > 0
    assert two["errors"] == {}
    assert two["unanswered"] == two["censored"] == 0
    assert 0 < total(two["latency_hdr"]) <= two["replies"]


def test_two_workers_share_the_clients_evenly(two_workers: Loader) -> None:
    with peers(it=echo) as started:
        for clients in (6, 7, 2):
            with opened(two_workers, {"it": started["it"].address}, clients=clients) as answer:
                assert sorted(answer["clients"]) == [clients // 2, clients - clients // 2]


def test_two_workers_name_their_clients_apart(two_workers: Loader) -> None:
    names: set[bytes] = set()

    def listen(sock: socket.socket, number: int) -> None:
        for message in messages(sock):
            names.add(message[:8])
            sock.sendall(message)

    with peers(it=listen) as started, opened(two_workers, {"it": started["it"].address}, clients=8):
        pass
    assert len(names) == 8


def test_two_workers_start_together(two_workers: Loader) -> None:
    with peers(it=echo) as started, opened(two_workers, {"it": started["it"].address}, clients=2):
        spreads = [two_workers.window("it", LENGTHS)["start_range_s"] for _ in range(5)]
    assert min(spreads) < 0.02  # the others: whatever else the machine does


def test_two_workers_add_what_they_saw(two_workers: Loader) -> None:
    with (
        peers(it=lambda sock, number: (silent if number < 2 else echo)(sock, number)) as started,
        opened(two_workers, {"it": started["it"].address}, clients=6) as answer,
    ):
        seen = two_workers.window("it", LENGTHS)
    assert answer["targets"]["it"]["answered"] == 4
    assert seen["unanswered"] == seen["censored"] == total(seen["censored_hdr"]) == 2


def test_locust_listens_on_loopback_only(two_workers: Loader) -> None:
    pids = session.members(two_workers.pid)
    assert len(pids) == 3
    sockets = [sock for pid in pids for sock in psutil.Process(pid).net_connections("inet")]
    passive = [sock for sock in sockets if sock.status == psutil.CONN_LISTEN or sock.type == socket.SOCK_DGRAM]
    listening = [sock.laddr.ip for sock in passive]
    assert "127.0.0.1" in listening
    assert set(listening) == {"127.0.0.1"}


# --- its command line --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def by_hand(*options: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "loadgen", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        yield process
    finally:
        session.kill(process.pid)
        process.communicate()


@pytest.mark.parametrize("workers", [1, 2])
def test_end_of_input_ends_it(workers: int) -> None:
    with by_hand("--workers", str(workers)) as process:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(DEADLINE_S) == 0
        assert session.members(process.pid) == []


def test_worker_that_hangs_does_not_outlive_it() -> None:
    with by_hand("--workers", "2") as process:
        (worker, _) = (pid for pid in session.members(process.pid) if pid != process.pid)
        os.kill(worker, signal.SIGSTOP)
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert process.wait(DEADLINE_S) == 0
        assert session.members(process.pid) == []


def test_what_cannot_be_done_is_said_and_it_goes_on() -> None:
    junk = [
        '{"do": "dance"}',
        '{"do": "window", "target": "none", "lengths": {}, "load": {}}',
        '{"do": "open"}',
        "{}",
        "[]",
        "junk",
    ]
    with by_hand() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for command in junk:
            process.stdin.write(command + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            assert answer, f"it died of {command}"
            assert list(json.loads(answer)) == ["error"]
        process.stdin.write('{"do": "quit"}\n')
        process.stdin.flush()
        assert process.wait(DEADLINE_S) == 0


def test_which_hot_loop_serves_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for loop in ("auto", "python"):
        with by_hand("--loop", loop) as process:
            assert process.poll() is None
    monkeypatch.setattr(compiled_loop, "LIBRARY", tmp_path / "hot_loop.so")
    with pytest.raises(compiled_loop.NotCompiled, match="isn't compiled"):
        compiled_loop.library()
    (tmp_path / "hot_loop.so").write_bytes(b"")
    os.utime(tmp_path / "hot_loop.so", (0, 0))
    with pytest.raises(compiled_loop.NotCompiled, match="older than its source"):
        compiled_loop.library()
    os.utime(tmp_path / "hot_loop.so")
    with pytest.raises(compiled_loop.NotCompiled, match="can't be loaded"):
        compiled_loop.library()


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_library_of_another_layout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.c"
    other.write_text("long long sizes(void) { return 1; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "hot_loop.so", other], check=True)
    monkeypatch.setattr(compiled_loop, "LIBRARY", tmp_path / "hot_loop.so")
    with pytest.raises(compiled_loop.NotCompiled, match="laid out differently"):
        compiled_loop.library()


def test_death_of_the_loader_is_told(tmp_path: Path) -> None:
    loader = Loader(1, None, tmp_path)
    loader.wait_ready()
    psutil.Process(loader.pid).kill()
    with pytest.raises(LoaderFailed, match="ended with -9"):
        loader.close()
    loader.stop()


def test_replies_are_audited_by_the_kernels_timestamp(one_worker: Loader) -> None:
    """One in so many; none where that is asked for."""
    exchange = {"service": "echo", "message_size": 64, "requests_per_connection": 0}
    with peers(it=echo) as started:
        for every in (1, 8, 0):
            try:
                one_worker.open({"it": started["it"].address}, CLIENTS, exchange, every)
                seen = one_worker.window("it", LENGTHS)
            finally:
                one_worker.close()
            audited = total(seen["arrival_hdr"])
            assert abs(audited - (seen["requests"] / every if every else 0)) <= 2, every
