"""The cases of HTTP: each flaw is caught by its case, and what HTTP leaves to servers is none."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from xmlrpc.server import SimpleXMLRPCServer

import pytest

from harness.conformance import cases, client, http, xmlrpc
from harness.conformance.client import Target
from harness.processes.endpoint import Endpoint


class Sound(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.answer(http.content(self.size))

    def do_HEAD(self) -> None:
        self.answer(b"", self.size)

    @property
    def size(self) -> int:
        return int(self.path.partition("?")[0][1:])

    def answer(self, body: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *told: object) -> None:
        pass


class InChunks(Sound):
    """Which HTTP allows."""

    def answer(self, body: bytes, length: int | None = None) -> None:
        if length is not None:
            super().answer(body, length)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=ascii")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(body), 5000):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body[start : start + 5000]), body[start : start + 5000]))
        self.wfile.write(b"0\r\n\r\n")


class EndsAtSmallBodies(Sound):
    """A server may end a connection after a reply; who had sent more asks anew."""

    def answer(self, body: bytes, length: int | None = None) -> None:
        super().answer(body, length)
        self.close_connection = len(body) < 20


class WaitsForTheAck(Sound):
    disable_nagle_algorithm = False


class SaysAnotherSize(Sound):
    def do_GET(self) -> None:
        self.answer(http.content(self.size + 1))


class SaysAnotherBody(Sound):
    def do_GET(self) -> None:
        self.answer(bytes(self.size))


class Fails(Sound):
    def do_GET(self) -> None:
        self.send_error(500)


class HasNoFraming(Sound):
    def answer(self, body: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


class AnswersHeadWithABody(Sound):
    def do_HEAD(self) -> None:
        self.do_GET()


class EndsConnections(Sound):
    protocol_version = "HTTP/1.0"


class KeepsConnections(Sound):
    def handle(self) -> None:
        super().handle()
        time.sleep(5)  # beyond what the test waits


class TakesAnyLine(Sound):
    def parse_request(self) -> bool:
        self.raw_requestline = self.raw_requestline.replace(b" and more", b"")
        return super().parse_request()


class CrossesReplies(Sound):
    last = 0

    def do_GET(self) -> None:
        size, CrossesReplies.last = CrossesReplies.last, self.size
        self.answer(http.content(size if self.size >= 1000 else self.size))


def target_of(server: ThreadingHTTPServer | SimpleXMLRPCServer, carries: int | None = None) -> Target:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return Target(Endpoint(*server.server_address[:2]), carries=carries)  # type: ignore[arg-type]


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ThreadingHTTPServer]]:
    monkeypatch.setattr(ThreadingHTTPServer, "request_queue_size", 400)
    monkeypatch.setattr(http, "TURNS", 3)
    made: list[ThreadingHTTPServer] = []
    yield made
    for server in made:
        server.shutdown()
        server.server_close()


def failures(serving: list[ThreadingHTTPServer], handler: type[Sound], carries: int | None = None) -> list[str]:
    return cases.failures(started(serving, handler, carries), "http")


def started(serving: list[ThreadingHTTPServer], handler: type[Sound], carries: int | None = None) -> Target:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    serving.append(server)
    return target_of(server, carries)


@pytest.mark.parametrize(
    ("flawed", "caught_by"),
    [
        (SaysAnotherSize, "one-request"),
        (SaysAnotherBody, "one-request"),
        (Fails, "one-request"),
        (HasNoFraming, "one-request"),
        (EndsConnections, "keep-alive"),
        (KeepsConnections, "connection-close"),
        (AnswersHeadWithABody, "head"),
        (TakesAnyLine, "bad-request"),
        (CrossesReplies, "never-crossed"),
        (WaitsForTheAck, "no-delay"),
    ],
)
def test_flaw_is_caught(
    serving: list[ThreadingHTTPServer], flawed: type[Sound], caught_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DEADLINE_S", 1.0)  # some of the flaws are hangs, and two others end it
    found = failures(serving, flawed)
    assert any(line.startswith(f"{caught_by}: expected ") for line in found), found


@pytest.mark.parametrize("sound", [Sound, InChunks])
def test_what_http_allows_is_no_flaw(serving: list[ThreadingHTTPServer], sound: type[Sound]) -> None:
    assert failures(serving, sound) == []


def test_a_server_may_end_the_connection_among_pipelined_requests(serving: list[ThreadingHTTPServer]) -> None:
    http.pipelined(started(serving, EndsAtSmallBodies))


def test_who_ends_connections_is_held_to_it(
    serving: list[ThreadingHTTPServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failures(serving, EndsConnections, carries=1) == []
    monkeypatch.setattr(client, "DEADLINE_S", 1.0)
    assert any(line.startswith("keep-alive: ") for line in failures(serving, Sound, carries=1))


def test_an_http_server_at_a_unix_socket_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no TCP_NODELAY to set."""
    monkeypatch.setattr(ThreadingUnixStreamServer, "request_queue_size", 400)
    monkeypatch.setattr(http, "TURNS", 3)
    path = str(tmp_path / "s")
    with ThreadingUnixStreamServer(path, WaitsForTheAck) as server:
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        assert cases.failures(Target(Endpoint(path, transport="unix")), "http") == []
        server.shutdown()


@pytest.mark.parametrize(
    ("function", "caught_by"),
    [(lambda text: text, ""), (lambda text: text[:-1], "one-call"), (lambda text: text.strip(" \"'"), "each-string")],
)
def test_strings_must_come_back(function: object, caught_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimpleXMLRPCServer, "request_queue_size", 400)
    monkeypatch.setattr(xmlrpc, "TURNS", 1)
    with SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        server.register_function(function, "echo")  # type: ignore[arg-type]
        found = cases.failures(Target(target_of(server).endpoint, serves=1, carries=1), "xmlrpc")
        server.shutdown()
    assert [line.partition(":")[0] for line in found][:1] == [caught_by] * bool(caught_by)
