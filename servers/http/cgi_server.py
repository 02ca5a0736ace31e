"""Chapter 14's CGIHTTPRequestHandler on an HTTPServer: a program is started for each request.

Mechanism: the handler forks, the child becomes the program, which writes its reply to the client's socket, and the
server waits for its end, one client at a time.
Cost: a fork and the start of an interpreter for each request. Its reply ends the connection. Python 3.15 has it no
more.
"""

import http.server
import os
import socket
import sys
import warnings
from http.server import HTTPServer

from servers.contract import Options, cannot_start, run
from servers.http.adopting import Adopting, Quiet

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = "cgi_program.py"

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        from http.server import CGIHTTPRequestHandler
    except ImportError:
        cannot_start("has no CGIHTTPRequestHandler in this Python: the standard library had it until 3.14")


class Handler(Quiet, CGIHTTPRequestHandler):
    cgi_directories = ["/cgi-bin"]  # noqa: RUF012 - the library's

    def is_cgi(self) -> bool:
        """All is the program's: it finds the target after its own name."""
        self.cgi_info = "", PROGRAM + self.path
        return True


class Server(Adopting, HTTPServer):
    pass


def serve(listener: socket.socket, options: Options) -> None:
    os.chdir(HERE)  # the programs that it starts are below it
    os.environ["PYTHONPATH"] = os.path.dirname(os.path.dirname(HERE))
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])
    http.server.nobody = os.getuid()  # type: ignore[attr-defined]  # the program runs as whoever started this
    server = Server(listener.getsockname(), Handler, bind_and_activate=False)
    server.adopt(listener)
    server.serve_forever()


if __name__ == "__main__":
    run(serve, __doc__, service="http")
