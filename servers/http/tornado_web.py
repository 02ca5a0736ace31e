"""Beside the chapter: tornado.web, an Application and a RequestHandler.

Mechanism: asyncio's loop (epoll on Linux) tells Tornado's own streams which sockets are ready; a coroutine for each
connection reads requests and calls their handler.
Cost: a handler for each request, its route found by a regular expression, and an Etag: a SHA-1 of the body.
"""

import asyncio
import socket

from servers.contract import Options, library, run
from servers.services.http import CONTENT_TYPE, content

with library("tornado"):
    from tornado.httpserver import HTTPServer
    from tornado.web import Application, HTTPError, RequestHandler


class Handler(RequestHandler):
    def get(self) -> None:
        body = content(self.request.path)
        if body is None:
            raise HTTPError(404)
        self.set_header("Content-Type", CONTENT_TYPE)
        self.write(body)

    head = get


async def listen(listener: socket.socket) -> None:
    listener.setblocking(False)
    application = Application([("/.*", Handler)], log_function=lambda handler: None)
    HTTPServer(application).add_sockets([listener])  # adopting the contract's listener pins the backlog (128)
    await asyncio.Event().wait()


def serve(listener: socket.socket, options: Options) -> None:
    asyncio.run(listen(listener))


if __name__ == "__main__":
    run(serve, __doc__, service="http")
