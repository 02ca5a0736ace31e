"""http: a body of the size that is asked for. What HTTP leaves to servers is no fault."""

import socket

from harness.conformance import delayed_ack
from harness.conformance.client import (
    CROWD,
    Nonconformance,
    Target,
    beside_the_silent,
    crowd_of,
    exchange,
    heard,
    in_turn,
    outlives_resets,
    send_slowly,
)
from harness.conformance.http_reply import Reply, ask, must_end

TEXT = "text/plain"
LARGE = 2**20
TALKERS, TURNS = 20, 20


def content(size: int) -> bytes:
    """What is at the target of that size."""
    return b"".join(b"%07d\n" % line for line in range(-(-size // 8)))[:size]


def request(size: int, method: str = "GET", ends: bool = False) -> bytes:
    close = "Connection: close\r\n" if ends else ""
    return f"{method} /{size}?00000000a HTTP/1.1\r\nHost: 127.0.0.1\r\n{close}\r\n".encode()


def one_request(target: Target) -> None:
    """A body of 64 bytes, with status, type and framing."""
    with target.connect() as sock:
        _gets(sock, 64)


def each_size(target: Target) -> None:
    """Bodies of no byte, of one, and of up to a MiB."""
    for size in (0, 1, 11, 16384, LARGE):
        with target.connect() as sock:
            _gets(sock, size)


def keep_alive(target: Target) -> None:
    """A connection carries one request after the other (or ends after as many as the bench file says)."""
    with target.connect() as sock:
        for turn in range(min(target.carries or 10, 10)):
            _gets(sock, 20 + turn)
        if target.carries:
            must_end(sock)


def connection_close(target: Target) -> None:
    """After a request that says Connection: close it ends."""
    with target.connect() as sock:
        _gets(sock, 64, ends=True)
        must_end(sock)


def one_byte_at_a_time(target: Target) -> None:
    """A request in segments of one byte, its line and its headers split, is answered once it is whole."""
    with target.connect() as sock:
        asked = request(64)
        early = send_slowly(sock, asked[:-1])
        if early:
            raise Nonconformance("nothing before the request's last byte", repr(early[:30]))
        ask(sock, asked[-1:]).must_be(TEXT, content(64))


def pipelined(target: Target) -> None:
    """Of requests in one segment each is answered, in order; a server may end the connection after one of them."""
    sizes = (10, 20, 30)
    with target.connect() as sock:
        rest, stream = b"", b"".join(map(request, sizes))
        for turn, size in enumerate(sizes):
            if turn and not rest and not (rest := exchange(sock, b"", 1)):
                return
            reply = ask(sock, b"" if turn else stream, before=rest)
            reply.must_be(TEXT, content(size))
            rest = reply.rest


def head(target: Target) -> None:
    """HEAD is answered as GET, without a body; what comes then is the answer to the next request."""
    with target.connect() as sock:
        reply = ask(sock, request(64, "HEAD"), "HEAD")
        extra = reply.rest + heard(sock, 0)
        if reply.status != 200 or extra:
            raise Nonconformance("status 200 and no body", f"status {reply.status} and {len(extra)} bytes")
        if reply.fields.get("content-length", "64") != "64":
            raise Nonconformance("the Content-Length that GET has", reply.fields["content-length"])
        if target.carries != 1:
            _gets(sock, 64)


def bad_request(target: Target) -> None:
    """A request line that is none gets status 400, or another of 4xx and 5xx, or the end; the next client is served."""
    for line in (b"GET /64 and more HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"):
        with target.connect() as sock:
            said = exchange(sock, line, 1)[:12]
            if said.startswith(b"HTTP/1.") and said[9:10] not in b"45":
                raise Nonconformance("status 400", repr(said))
        one_request(target)


def half_closed(target: Target) -> None:
    """A client that half-closes after its request gets its reply, or the end; the next client is served."""
    with target.connect() as sock:
        if said := exchange(sock, request(64), 1, half_close=True):
            ask(sock, b"", before=said).must_be(TEXT, content(64))
    one_request(target)


def slow_header(target: Target) -> None:
    """A client that takes its time over a header holds up nobody else, and is served (or, in its turn)."""
    asked = request(64)
    with target.connect() as sock:
        exchange(sock, asked[:40], 0)
        if target.serves != 1:
            for _ in range(5):
                one_request(target)
        ask(sock, asked[40:]).must_be(TEXT, content(64))


def silent_client(target: Target) -> None:
    """Clients that connect and say nothing hold up nobody (or, as many as it serves at a time, until one leaves)."""
    with beside_the_silent(target) as other:
        _gets(other, 64)


def reset(target: Target) -> None:
    """Clients that reset in the middle of a request, or of its reply, do no harm to the next."""
    outlives_resets(target, (b"", b"GET /64 HT", request(64), request(LARGE)), one_request)


def no_delay(target: Target) -> None:
    """A reply in parts doesn't wait for the client's delayed ACK: TCP_NODELAY is on."""
    if target.carries == 1:
        return  # the first reply of a connection is acknowledged at once
    delayed_ack.must_not_wait_for_it(target, lambda sock, at_once: _gets(sock, 64, prompt=at_once))


def never_crossed(target: Target) -> None:
    """Clients that ask all at the same time get their own replies, and nobody else's."""
    clients = target.at_once(TALKERS)
    for turn in range(TURNS if target.carries is None else 2):
        with crowd_of(target, clients) as socks:
            for again in range(1 if target.carries else 5):
                sizes = [100 * turn + 1000 * again + number for number in range(clients)]
                for sock, size in zip(socks, sizes, strict=True):
                    exchange(sock, request(size), 0)
                for sock, size in zip(socks, sizes, strict=True):
                    ask(sock, b"").must_be(TEXT, content(size))


def crowd(target: Target) -> None:
    """300 clients connected at once are all served."""
    with crowd_of(target, CROWD if target.carries is None else CROWD // 3) as clients:
        for served in in_turn(target, list(enumerate(clients))):
            for number, sock in served:
                exchange(sock, request(number), 0)
            for number, sock in reversed(served):
                ask(sock, b"").must_be(TEXT, content(number))
                sock.close()


def _gets(sock: socket.socket, size: int, ends: bool = False, prompt: bool = False) -> Reply:
    """Ask for a body, which must come and be all that comes; what comes of it is acknowledged at once if `prompt`."""
    asked, early = request(size, ends=ends), b""
    if prompt:
        early = exchange(sock, asked, 1)
        delayed_ack.acknowledge(sock, at_once=True)
        asked = b""
    reply = ask(sock, asked, before=early)
    reply.must_be(TEXT, content(size))
    if reply.rest:
        raise Nonconformance("one reply", f"{len(reply.rest)} bytes more: {reply.rest[:30]!r}")
    return reply


CASES = (
    one_request,
    each_size,
    keep_alive,
    connection_close,
    one_byte_at_a_time,
    pipelined,
    head,
    bad_request,
    half_closed,
    slow_header,
    silent_client,
    reset,
    no_delay,
    never_crossed,
    crowd,
)
