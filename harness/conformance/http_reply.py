"""An HTTP reply read from a server, by the standard library's client: whatever that can't read is a Nonconformance."""

import io
import socket
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any

from harness.conformance.client import Nonconformance, TimedOut, exchange, same


@dataclass(frozen=True)
class Reply:
    status: int
    fields: dict[str, str]  # by name in lower case
    body: bytes
    rest: bytes  # what came with it

    def must_be_a(self, content_type: str) -> None:
        """Raises Nonconformance unless it is a success of that type."""
        if self.status != 200:
            raise Nonconformance("status 200", str(self.status))
        told = self.fields.get("content-type", "")
        if not told.lower().startswith(content_type):
            raise Nonconformance(f"Content-Type: {content_type}", told or "none")

    def must_be(self, content_type: str, body: bytes) -> None:
        """Raises Nonconformance unless it is a success with that body."""
        self.must_be_a(content_type)
        same(body, self.body)


class _Held(io.BytesIO):
    """What was received, as a socket and as its file."""

    def makefile(self, *told: Any) -> "_Held":
        return self

    def close(self) -> None:
        """How far the library has read is still to be asked."""


def ask(sock: socket.socket, request: bytes, method: str = "GET", before: bytes = b"") -> Reply:
    """Send that and read the reply; `before` came already. Raises Nonconformance."""
    received = before + exchange(sock, request, 0)
    while (reply := parsed(received, method)) is None:
        try:
            part = exchange(sock, b"", 1)
        except TimedOut:
            raise TimedOut("an HTTP reply", f"{len(received)} bytes, and no more") from None
        if not part:
            raise Nonconformance("an HTTP reply", f"the end after {len(received)} bytes" if received else "the end")
        received += part
    return reply


def parsed(received: bytes, method: str) -> Reply | None:
    """The first reply; None while it isn't whole. Raises Nonconformance."""
    if not b"HTTP/1.".startswith(received[:7]):
        raise Nonconformance("an HTTP reply", repr(received[:30]))
    if b"\r\n\r\n" not in received:
        return None
    held = _Held(received)
    try:
        response = HTTPResponse(held, method=method)  # type: ignore[arg-type]  # a socket's makefile is all that it wants
        response.begin()
        if response.length is None and not response.chunked:
            raise Nonconformance("a body framed by Content-Length or by chunks", "neither")
        body = response.read()
    except IncompleteRead:
        return None
    except (HTTPException, ValueError) as error:
        raise Nonconformance("an HTTP reply", f"{type(error).__name__}: {error}") from None
    fields = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, fields, body, received[held.tell() :])


def must_end(sock: socket.socket) -> None:
    """Raises Nonconformance unless the connection ends without another byte."""
    rest = exchange(sock, b"")
    if rest:
        raise Nonconformance("the end", f"{len(rest)} bytes: {rest[:30]!r}")
