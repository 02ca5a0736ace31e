"""HTTP replies as they are heard: right in any cut, and wrong as soon as that is certain."""

import xmlrpc.client

import pytest

from loadgen.exchanges.exchange import Verdict
from loadgen.exchanges.http import Http
from loadgen.exchanges.http_reply import HEAD_LIMIT, Malformed, parse
from loadgen.exchanges.xmlrpc import Xmlrpc
from tests.support import http_peers
from tests.support.http_peers import BODY, RIGHT, SIZE, WRONG

HTTP = Http(SIZE)
ASKED = HTTP.requests(7)[0].message


def heard_so_far(reply: bytes) -> list[Verdict]:
    """The verdict after each of its bytes."""
    return [HTTP.judge(ASKED, reply[:end]) for end in range(1, len(reply) + 1)]


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_reply_is_whole_at_its_last_byte_and_not_before(kind: str) -> None:
    for turn in range(2):
        *before, last = heard_so_far(RIGHT[kind](turn))
        assert set(before) == {"part"}
        assert last == "whole"


@pytest.mark.parametrize("kind", RIGHT)
def test_a_byte_more_is_wrong(kind: str) -> None:
    assert HTTP.judge(ASKED, RIGHT[kind](0) + b"H") == "wrong"


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_reply_is_wrong_at_its_end_at_the_latest(kind: str) -> None:
    said = heard_so_far(WRONG[kind])
    assert said[-1] == "wrong"
    assert said[: said.index("wrong")] == ["part"] * said.index("wrong") or kind.startswith("more")


@pytest.mark.parametrize("kind", ["status 500", "a body too short", "a body too long", "neither", "another type"])
def test_a_wrong_head_is_not_waited_for(kind: str) -> None:
    head = WRONG[kind].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert HTTP.judge(ASKED, head) == "wrong"


@pytest.mark.parametrize(
    ("first", "fields", "verdict"),
    [
        (b"HTTP/1.1 200 OK", "", "whole"),
        (b"HTTP/1.1 200 ", "", "whole"),
        (b"HTTP/1.1 200 OK", "Connection: close\r\n", "last"),
        (b"HTTP/1.1 200 OK", "Connection: x, Close\r\n", "last"),
        (b"HTTP/1.0 200 OK", "", "last"),
        (b"HTTP/1.0 200 OK", "Connection: keep-alive\r\n", "whole"),
    ],
)
def test_who_ends_the_connection_is_told(first: bytes, fields: str, verdict: str) -> None:
    reply = http_peers.of_length().replace(b"HTTP/1.1 200 OK", first).replace(b"Server: made\r\n", fields.encode())
    assert HTTP.judge(ASKED, reply) == verdict


def test_the_body_is_put_together_again() -> None:
    for reply in (http_peers.of_length(), http_peers.of_chunks(), http_peers.of_chunks(sizes=[64])):
        told = parse(reply, SIZE)
        assert told is not None
        assert (told.status, told.body) == (200, BODY)


def test_what_has_no_end_is_given_up() -> None:
    endless = [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * HEAD_LIMIT, http_peers.of_chunks(BODY * 1000, sizes=[1000])[:-5]]
    for heard in endless:
        with pytest.raises(Malformed):
            parse(heard, SIZE)


def test_a_request_says_whether_it_is_the_last() -> None:
    assert b"Connection" not in ASKED
    assert b"\r\nConnection: close\r\n" in Http(SIZE, requests_per_connection=1).requests(7)[0].message
    assert b"Connection" not in Http(SIZE, requests_per_connection=2).requests(7)[0].message


@pytest.mark.parametrize("exchange", [HTTP, Xmlrpc(SIZE)])
def test_requests_of_an_exchange_are_of_one_size_and_differ(exchange: Http | Xmlrpc) -> None:
    said = [request.message for name in (1, 2, 10) for request in exchange.requests(name)]
    assert len(set(said)) == 6
    assert {len(message) for message in said} == {exchange.request_size}


# --- XML-RPC ------------------------------------------------------------------------------------------------------

CALL = Xmlrpc(SIZE).requests(7)[0].message
(STRING,) = xmlrpc.client.loads(CALL.partition(b"\r\n\r\n")[2])[0]


def said(value: object) -> bytes:
    return xmlrpc.client.dumps((value,), methodresponse=True).encode()  # type: ignore[arg-type]


def test_a_call_carries_a_string_of_so_many_bytes() -> None:
    assert isinstance(STRING, str)
    assert len(STRING) == SIZE
    assert STRING.startswith("00000007a")


@pytest.mark.parametrize("framed", [http_peers.of_length, http_peers.of_chunks])
def test_the_same_string_is_right_in_any_cut(framed: type[bytes]) -> None:
    reply = framed(said(STRING), kind="text/xml")  # type: ignore[call-overload]
    verdicts = [Xmlrpc(SIZE).judge(CALL, reply[:end]) for end in range(1, len(reply) + 1)]
    assert verdicts == ["part"] * (len(reply) - 1) + ["whole"]


@pytest.mark.parametrize(
    "body",
    [
        said(str(STRING)[:-1]),
        said(f"{STRING}a"),
        said(str(STRING).replace("a", "b")),
        said(7),
        xmlrpc.client.dumps(xmlrpc.client.Fault(1, "no"), methodresponse=True).encode(),
        said(STRING)[:-10],
        b"",
    ],
    ids=["shorter", "longer", "another turn's", "a number", "a fault", "cut off", "nothing"],
)
def test_another_answer_is_wrong(body: bytes) -> None:
    assert Xmlrpc(SIZE).judge(CALL, http_peers.of_length(body, kind="text/xml")) == "wrong"
    assert Xmlrpc(SIZE).judge(CALL, http_peers.of_length(said(STRING), kind="text/plain")) == "wrong"
