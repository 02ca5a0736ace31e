"""Chapter 14's xmlrpc.server: SimpleXMLRPCServer, or DocXMLRPCServer, with one function.

Mechanism: a handler of http.server's reads a request and calls the function, blocking, one client at a time.
Cost: that of http.server, and XML parsed and written. It speaks HTTP/1.0: a reply ends its connection.
"""

import socket
from xmlrpc.server import DocXMLRPCServer, SimpleXMLRPCServer

from servers.contract import Options, Parser, run
from servers.http.adopting import Adopting
from servers.services.xmlrpc import echo


class Simple(Adopting, SimpleXMLRPCServer):
    pass


class Documented(Adopting, DocXMLRPCServer):
    pass


SERVERS: dict[str, type[Simple | Documented]] = {"SimpleXMLRPCServer": Simple, "DocXMLRPCServer": Documented}


def add_options(parser: Parser) -> None:
    parser.add_argument("--server", choices=SERVERS, default="SimpleXMLRPCServer", help="which (default: %(default)s)")


def serve(listener: socket.socket, options: Options) -> None:
    server = SERVERS[options.own.server](listener.getsockname(), logRequests=False, bind_and_activate=False)
    server.adopt(listener)
    server.register_function(echo)  # type: ignore[arg-type]  # typeshed's functions take what XML-RPC can carry
    server.serve_forever()


if __name__ == "__main__":
    run(serve, __doc__, add_options, service="xmlrpc")
