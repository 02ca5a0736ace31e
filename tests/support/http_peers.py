"""Replies of servers that speak HTTP, right ones and wrong ones, and what they hear."""

import itertools
import socket
from collections.abc import Callable, Iterator, Sequence

from loadgen.exchanges.http import Http

SIZE = 64
BODY = Http(SIZE).content


def requests(sock: socket.socket) -> Iterator[bytes]:
    """One head after the other, as they come; a body after it is in it."""
    heard = b""
    while True:
        while b"\r\n\r\n" not in heard:
            if not (data := sock.recv(65536)):
                return
            heard += data
        head, _, heard = heard.partition(b"\r\n\r\n")
        length = next((int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")), 0)
        while len(heard) < length:
            heard += sock.recv(65536)
        yield head + b"\r\n\r\n" + heard[:length]
        heard = heard[length:]


def head(*fields: str, status: str = "200 OK", kind: str = "text/plain") -> bytes:
    told = [f"HTTP/1.1 {status}", "Server: made", f"Content-Type: {kind}", *fields]
    return "\r\n".join(told).encode() + b"\r\n\r\n"


def of_length(body: bytes = BODY, length: int | None = None, **given: str) -> bytes:
    return head(f"Content-Length: {len(body) if length is None else length}", **given) + body


def of_chunks(body: bytes = BODY, sizes: Sequence[int] = (1, 20, 7), trailer: bytes = b"", **given: str) -> bytes:
    """In chunks of these sizes, over and over."""
    framed, at = b"", 0
    for size in itertools.cycle(sizes):
        if at >= len(body):
            break
        piece = body[at : at + size]
        framed += b"%x\r\n%s\r\n" % (len(piece), piece)
        at += size
    return head("Transfer-Encoding: chunked", **given) + framed + b"0\r\n" + trailer + b"\r\n"


def _with_extensions(turn: int) -> bytes:
    return of_chunks(trailer=b"X-Sum: 1\r\n").replace(b"\r\n1\r\n", b"\r\n1;a=b\r\n", 1)


def _dated(date: int) -> bytes:
    return head(f"Date: {date}", f"Content-Length: {SIZE}") + BODY


RIGHT: dict[str, Callable[[int], bytes]] = {
    "by length": lambda turn: of_length(),
    "in chunks": lambda turn: of_chunks(),
    "in chunks with extensions and a trailer": _with_extensions,
    "with another date each time": _dated,
    "with another date now and then": lambda turn: _dated(turn // 50),
    "by length and in chunks in turn": lambda turn: of_chunks() if turn % 2 else of_length(),
}
WRONG: dict[str, bytes] = {
    "status 500": of_length(status="500 Oops"),
    "status 204": of_length(status="204 Nothing"),
    "a body too short": of_length(BODY[:-4]),
    "a body too long": of_length(BODY + b"more"),
    "more than its length": of_length() + b"more",
    "a wrong byte": of_length(BODY[:40] + b"?" + BODY[41:]),
    "another type": of_length(kind="text/html"),
    "two lengths": head("Content-Length: 64", "Content-Length: 64") + BODY,
    "a length and chunks": of_chunks().replace(b"Transfer", b"Content-Length: 64\r\nTransfer"),
    "neither": head() + BODY,
    "a length that is none": head("Content-Length: +64") + BODY,
    "too short in chunks": of_chunks(BODY[:-4]),
    "too long in chunks": of_chunks(BODY + b"more"),
    "a chunk without its end": of_chunks().replace(b"\r\n14\r\n", b"\r\n13\r\n", 1),
    "a chunk without a size": of_chunks().replace(b"\r\n14\r\n", b"\r\n\r\n", 1),
    "more after the last chunk": of_chunks() + b"more",
    "no HTTP": b"0000000aaaaaaaaaaa\r\n",
    "a header that is none": head("no colon", "Content-Length: 64") + BODY,
}
