"""xmlrpc: a client calls the method echo with a string of so many bytes, and must be returned that string."""

import xmlrpc.client

from loadgen.exchanges.exchange import Exchange, Verdict
from loadgen.exchanges.http_reply import parse

AROUND = 4096  # bytes at most of XML around the string
HEAD = b"POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n%sContent-Length: %d\r\n\r\n"


class Xmlrpc(Exchange):
    varies = True

    @property
    def reply_size(self) -> int:
        return self.message_size

    def messages(self, name: int, forms: bytes) -> tuple[bytes, bytes]:
        ends = b"Connection: close\r\n" if self.connection_carries == 1 else b""
        first, second = (_call(b"%08d" % name + bytes([form]) * (self.message_size - 8), ends) for form in forms)
        return first, second

    def reply(self, message: bytes) -> bytes:
        return b""

    def judge(self, message: bytes, heard: bytes) -> Verdict:
        try:
            reply = parse(heard, self.message_size + AROUND)
            if reply is None:
                return "part"
            is_xml = reply.fields.get("content-type", "").lower().startswith("text/xml")
            if reply.status != 200 or not is_xml:
                return "wrong"
            if reply.body is None:
                return "part"
            said, called = xmlrpc.client.loads(reply.body)[0], xmlrpc.client.loads(message.partition(b"\r\n\r\n")[2])[0]
        except Exception:  # no HTTP, a fault, or what the library makes of XML that is none
            return "wrong"
        if said != called:
            return "wrong"
        return "last" if reply.ends else "whole"


def _call(text: bytes, ends: bytes) -> bytes:
    body = xmlrpc.client.dumps((text.decode(),), "echo").encode()
    return HEAD % (ends, len(body)) + body
