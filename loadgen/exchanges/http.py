"""http: a client asks for a body of so many bytes by GET, and must be given these, as text/plain, with status 200."""

import functools

from loadgen.exchanges.exchange import Exchange, Verdict
from loadgen.exchanges.http_reply import Malformed, parse


class Http(Exchange):
    varies = True

    @functools.cached_property
    def content(self) -> bytes:
        """What is at the target of that size."""
        return b"".join(b"%07d\n" % line for line in range(-(-self.message_size // 8)))[: self.message_size]

    @property
    def reply_size(self) -> int:
        return self.message_size

    def messages(self, name: int, forms: bytes) -> tuple[bytes, bytes]:
        """The query names client and turn, so that they can be told in a server's log."""
        ends = b"Connection: close\r\n" if self.connection_carries == 1 else b""
        first, second = (
            b"GET /%d?%08d%c HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (self.message_size, name, form, ends)
            for form in forms
        )
        return first, second

    def reply(self, message: bytes) -> bytes:
        return b""

    def judge(self, message: bytes, heard: bytes) -> Verdict:
        try:
            reply = parse(heard, self.message_size)
        except Malformed:
            return "wrong"
        if reply is None:
            return "part"
        is_text = reply.fields.get("content-type", "").lower().startswith("text/plain")
        if reply.status != 200 or not is_text or reply.length not in (None, self.message_size):
            return "wrong"
        if reply.body is None:
            return "part"
        if reply.body != self.content:
            return "wrong"
        return "last" if reply.ends else "whole"
