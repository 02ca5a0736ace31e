"""An HTTP reply as far as it was heard: status, header fields, and a body framed by Content-Length or by chunks.

Strict where a client could be misled, such as by two lengths; the rest is left to the server, as the protocol has it.
"""

import re
from dataclasses import dataclass

START, HEAD_LIMIT, LINE_LIMIT = b"HTTP/1.", 65536, 4096
STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")


class Malformed(Exception):
    """That is no beginning of an HTTP reply, or of none so small; the text says why."""


@dataclass(frozen=True)
class Reply:
    status: int
    fields: dict[str, str]  # by name in lower case
    length: int | None  # of the body, where the head says it
    body: bytes | None  # None while some is to come
    ends: bool  # the server closes the connection after it


def parse(heard: bytes, most: int) -> Reply | None:
    """The reply, of at most so many bytes of body; None while its head isn't whole. Raises Malformed."""
    end = heard.find(b"\r\n\r\n")
    if end < 0:
        if not START.startswith(heard[: len(START)]) or len(heard) > HEAD_LIMIT:
            raise Malformed("no HTTP reply")
        return None
    first, *lines = heard[:end].split(b"\r\n")
    if (told := STATUS.fullmatch(first)) is None:
        raise Malformed("no status line")
    fields = _fields(lines)
    length, coding = fields.get("content-length"), fields.get("transfer-encoding")
    if (length is None) == (coding is None):
        raise Malformed("framed by both Content-Length and Transfer-Encoding, or by neither")
    if length is None:
        if coding != "chunked":
            raise Malformed("in a coding that nobody asked for")
        size, body = None, _of_chunks(heard, end + 4, most)
    else:
        if not (length.isascii() and length.isdigit() and len(length) < 16):
            raise Malformed("a Content-Length that is no number")
        size, body = int(length), _of_length(heard, end + 4, int(length), most)
    tokens = {token.strip().lower() for token in fields.get("connection", "").split(",")}
    ends = "close" in tokens or (told[1] == b"0" and "keep-alive" not in tokens)
    return Reply(int(told[2]), fields, size, body, ends)


def _fields(lines: list[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        if (told := FIELD.fullmatch(line)) is None:
            raise Malformed("no header field")
        name, value = told[1].decode().lower(), told[2].decode("latin-1")
        if name in found and name in ("content-length", "transfer-encoding"):
            raise Malformed("framed twice")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _of_length(heard: bytes, at: int, length: int, most: int) -> bytes | None:
    if length > most or len(heard) - at > length:
        raise Malformed("longer than it may be")
    return heard[at:] if len(heard) - at == length else None


def _of_chunks(heard: bytes, at: int, most: int) -> bytes | None:
    pieces: list[bytes] = []
    while (line := _line(heard, at)) is not None:
        at += len(line) + 2
        if (told := SIZE.fullmatch(line)) is None:
            raise Malformed("no size of a chunk")
        size = int(told[1], 16)
        most -= size
        if most < 0:
            raise Malformed("longer than it may be")
        if not size:
            return b"".join(pieces) if _ended(heard, at) else None
        piece, end = heard[at : at + size], heard[at + size : at + size + 2]
        if not b"\r\n".startswith(end):
            raise Malformed("a chunk that doesn't end where it says")
        if len(end) < 2:
            return None
        pieces.append(piece)
        at += size + 2
    return None


def _ended(heard: bytes, at: int) -> bool:
    """Whether the trailer is whole; nothing may follow."""
    while line := _line(heard, at):
        at += len(line) + 2
    if line is None:
        return False
    if len(heard) > at + 2:
        raise Malformed("longer than it may be")
    return True


def _line(heard: bytes, at: int) -> bytes | None:
    """What stands there up to the end of a line; None while that is to come."""
    end = heard.find(b"\r\n", at)
    if (end if end >= 0 else len(heard)) - at > LINE_LIMIT:
        raise Malformed("no end of a line")
    return heard[at:end] if end >= 0 else None
