"""http: a client asks for a body of so many bytes by GET, and must be given these, as text/plain, with status 200."""

import functools

from loadgen.exchanges.over_http import OverHttp


class Http(OverHttp):
    content_type = "text/plain"

    @functools.cached_property
    def content(self) -> bytes:
        """What is at the target of that size."""
        return b"".join(b"%07d\n" % line for line in range(-(-self.message_size // 8)))[: self.message_size]

    def messages(self, name: int, forms: bytes) -> tuple[bytes, bytes]:
        """The query names client and turn, so that they can be told in a server's log."""
        first, second = (
            b"GET /%d?%08d%c HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (self.message_size, name, form, self.end)
            for form in forms
        )
        return first, second

    def is_right(self, message: bytes, body: bytes) -> bool:
        return body == self.content
