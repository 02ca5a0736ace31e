"""A server that speaks HTTP and is wrong now and then: answering.py WAY.

sound: never. late: in chunks, the second a while after the first, which is right. The others are wrong in one of a
thousand replies: status (500), short (a byte less), long (a byte more), chunk (a size that isn't its).
"""

import itertools
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EACH = 1000
PAUSE_S = 0.002
turns = itertools.count(1)


def content(size: int) -> bytes:
    return b"".join(b"%07d\n" % line for line in range(-(-size // 8)))[:size]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = content(int(self.path.partition("?")[0][1:]))
        if way in ("late", "chunk"):
            self.head("Transfer-Encoding", "chunked")
            size = len(body) + (way == "chunk" and self.is_wrong())
            self.wfile.write(b"%x\r\n%s" % (size, body[:20]))
            time.sleep(PAUSE_S * (way == "late"))
            self.wfile.write(body[20:] + b"\r\n0\r\n\r\n")
            return
        is_wrong = way != "sound" and self.is_wrong()
        change = {"short": -1, "long": 1}.get(way, 0) if is_wrong else 0
        body = body[: len(body) + change] + b"x" * max(change, 0)
        self.head("Content-Length", str(len(body)), 500 if way == "status" and is_wrong else 200)
        self.wfile.write(body)

    def is_wrong(self) -> bool:
        return next(turns) % EACH == 0

    def head(self, name: str, value: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *told: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        pass


way = sys.argv[1]
server = Server(("127.0.0.1", 0), Handler)
print("READY 127.0.0.1:%d" % server.server_address[1], flush=True)  # noqa: UP031
server.serve_forever()
