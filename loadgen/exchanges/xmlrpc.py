"""xmlrpc: a client calls the method echo with a string of so many bytes, and must be returned that string."""

import xmlrpc.client

from loadgen.exchanges.over_http import OverHttp

HEAD = b"POST /RPC2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n%sContent-Length: %d\r\n\r\n"


class Xmlrpc(OverHttp):
    content_type = "text/xml"
    around = 4096  # of XML

    def messages(self, name: int, forms: bytes) -> tuple[bytes, bytes]:
        first, second = (self._call(b"%08d" % name + bytes([form]) * (self.message_size - 8)) for form in forms)
        return first, second

    def is_right(self, message: bytes, body: bytes) -> bool:
        try:
            said, called = xmlrpc.client.loads(body)[0], xmlrpc.client.loads(message.partition(b"\r\n\r\n")[2])[0]
        except Exception:  # a fault, or what the library makes of XML that is none
            return False
        return bool(said == called)

    def _call(self, text: bytes) -> bytes:
        body = xmlrpc.client.dumps((text.decode(),), "echo").encode()
        return HEAD % (self.end, len(body)) + body
