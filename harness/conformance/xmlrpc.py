"""xmlrpc: echo returns the string that it was called with, by POST to /RPC2."""

import socket
import xmlrpc.client
from xml.parsers.expat import ExpatError

from harness.conformance.client import (
    CROWD,
    Nonconformance,
    Target,
    beside_the_silent,
    crowd_of,
    exchange,
    in_turn,
    outlives_resets,
    send_slowly,
)
from harness.conformance.http_reply import Reply, ask, must_end

TALKERS, TURNS, STARTED = 20, 5, 3  # a crowd's fraction: each client is a connection and two parsers of XML


def call(text: str, method: str = "echo") -> bytes:
    body = xmlrpc.client.dumps((text,), method).encode()
    head = f"POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def one_call(target: Target) -> None:
    """A string comes back, with status, type and framing."""
    with target.connect() as sock:
        _returns(sock, "a" * 64)


def each_string(target: Target) -> None:
    """Strings of nothing, with marks of XML, with letters of many alphabets, and of 16 KiB come back."""
    for text in ("", "<&>]]> \"'", "äßπ漢🐍", "x" * 16384):
        with target.connect() as sock:
            _returns(sock, text)


def calls_in_turn(target: Target) -> None:
    """A connection carries one call after the other (or ends after as many as the bench file says)."""
    with target.connect() as sock:
        for turn in range(min(target.carries or 5, 5)):
            _returns(sock, f"{turn}")
        if target.carries:
            must_end(sock)


def one_byte_at_a_time(target: Target) -> None:
    """A call in segments of one byte comes back."""
    asked = call("a")
    with target.connect() as sock:
        early = send_slowly(sock, asked[:-1])
        must_return(ask(sock, asked[-1:], before=early), "a")


def bad_call(target: Target) -> None:
    """XML that is none, and a method that isn't there, get a fault or a status of 4xx and 5xx; the next is served."""
    for asked in (call("a", "nothing"), call("a").replace(b"<methodCall>", b"<methodCall ")):
        with target.connect() as sock:
            reply = ask(sock, asked)
            try:
                if reply.status == 200:
                    xmlrpc.client.loads(reply.body)
                    raise Nonconformance("a fault", f"{reply.body[:60]!r}")
            except xmlrpc.client.Fault:
                pass
        one_call(target)


def silent_client(target: Target) -> None:
    """Clients that connect and say nothing hold up nobody (or, as many as it serves at a time, until one leaves)."""
    with beside_the_silent(target) as other:
        _returns(other, "a" * 64)


def reset(target: Target) -> None:
    """Clients that reset in the middle of a call, or of its reply, do no harm to the next."""
    streams = b"", b"POST /RP", call("a" * 64)[:150], call("a" * 64), call("a" * 200_000)
    outlives_resets(target, streams, one_call)


def never_crossed(target: Target) -> None:
    """Clients that call all at the same time get their own strings, and nobody else's."""
    for turn in range(TURNS):
        with crowd_of(target, TALKERS) as clients:
            said = [(sock, f"{turn} {number}") for number, sock in enumerate(clients)]
            for served in in_turn(target, said):
                for sock, text in served:
                    exchange(sock, call(text), 0)
                for sock, text in served:
                    must_return(ask(sock, b""), text)
                    sock.close()


def crowd(target: Target) -> None:
    """100 clients connected at once are all served."""
    with crowd_of(target, CROWD // STARTED) as clients:
        for served in in_turn(target, clients):
            for sock in served:
                _returns(sock, "a" * 64)
                sock.close()


def _returns(sock: socket.socket, text: str) -> None:
    must_return(ask(sock, call(text)), text)


def must_return(reply: Reply, text: str) -> None:
    """Raises Nonconformance unless it returns that string."""
    reply.must_be_a("text/xml")
    try:
        (said,), _ = xmlrpc.client.loads(reply.body)
    except (xmlrpc.client.Error, ExpatError, ValueError) as error:
        raise Nonconformance(f"{text[:30]!r}", f"{type(error).__name__}: {error}") from None
    if said != text:
        raise Nonconformance(f"{text[:30]!r}", f"{str(said)[:30]!r}")


CASES = (
    one_call,
    each_string,
    calls_in_turn,
    one_byte_at_a_time,
    bad_call,
    silent_client,
    reset,
    never_crossed,
    crowd,
)
