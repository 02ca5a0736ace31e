"""Beside the chapter: wsgiref's WSGIServer, the standard library's reference of a WSGI server.

Mechanism: a handler of http.server's reads one request and calls the application, blocking, one client at a time.
Cost: that of http.server, and an environment for each request. It speaks HTTP/1.0: a reply ends its connection.
"""

import socket
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from servers.contract import Options, run
from servers.http.adopting import Adopting, Quiet
from servers.http.wsgi_application import application


class Handler(Quiet, WSGIRequestHandler):
    pass


class Server(Adopting, WSGIServer):
    pass


def serve(listener: socket.socket, options: Options) -> None:
    server = Server(listener.getsockname(), Handler, bind_and_activate=False)
    server.adopt(listener)
    server.setup_environ()
    server.set_app(application)
    server.serve_forever()


if __name__ == "__main__":
    run(serve, __doc__, service="http")
