"""Chapter 14's http.server: HTTPServer, or ThreadingHTTPServer, with a BaseHTTPRequestHandler.

Mechanism: a handler reads a request's line and headers from a buffered file and calls do_GET, blocking; for each client
in turn until it leaves, or in a thread for each.
Cost: headers are parsed by the email package; the reply's headers and its body are sent by a call each.
"""

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

from servers.contract import Options, Parser, run
from servers.http.adopting import Adopting, Quiet
from servers.services.http import CONTENT_TYPE, content


class Handler(Quiet, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # its own is 1.0, which ends the connection after each reply

    def do_GET(self) -> None:
        body = content(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET


class Plain(Adopting, HTTPServer):
    pass


class Threading(Adopting, ThreadingHTTPServer):
    pass


SERVERS: dict[str, type[Plain | Threading]] = {"HTTPServer": Plain, "ThreadingHTTPServer": Threading}


def add_options(parser: Parser) -> None:
    parser.add_argument("--server", choices=SERVERS, default="HTTPServer", help="which (default: %(default)s)")


def serve(listener: socket.socket, options: Options) -> None:
    server = SERVERS[options.own.server](listener.getsockname(), Handler, bind_and_activate=False)
    server.adopt(listener)
    server.serve_forever()


if __name__ == "__main__":
    run(serve, __doc__, add_options, service="http")
