"""Beside the chapter: twisted.web, a Site and a Resource.

Mechanism: Twisted's reactor (epoll on Linux) calls its HTTP channel with what came; a request that is whole is
rendered, and what is written is sent when the reactor comes round.
Cost: an object for each request with its headers, and a layer of calls.
"""

import socket
from typing import Any

from servers.contract import Options, library, run
from servers.services.http import CONTENT_TYPE, content

with library("twisted"):
    import twisted.internet.reactor
    from twisted.web.resource import Resource
    from twisted.web.server import Request, Site


class Content(Resource):
    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        body = content(request.path.decode("ascii", "replace"))
        if body is None:
            request.setResponseCode(404)
            return b""
        request.setHeader("Content-Type", CONTENT_TYPE)
        return body  # Twisted says its length, and leaves it out where HEAD was asked


def serve(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    reactor: Any = twisted.internet.reactor  # Twisted's interfaces say nothing to mypy
    site = Site(Content(), timeout=None)  # 60 s by itself
    # Adopting the contract's listener pins the backlog (50) and TCP_NODELAY (off).
    reactor.adoptStreamPort(listener.fileno(), socket.AF_INET, site)
    reactor.run(installSignalHandlers=False)


if __name__ == "__main__":
    run(serve, __doc__, service="http")
