"""Beside the chapter: aiohttp's server, an Application with one route.

Mechanism: asyncio's loop (epoll on Linux) calls a protocol of aiohttp's, whose parser is compiled; a task for each
connection calls the handler.
Cost: a request and a response for each, and a route to be found.
"""

import asyncio
import logging
import socket

from servers.contract import Options, library, run
from servers.services.http import CONTENT_TYPE, content

with library("aiohttp", "make http"):
    from aiohttp import web

STAYS_S = 3600.0


async def answer(request: web.Request) -> web.Response:
    body = content(request.path)
    if body is None:
        raise web.HTTPNotFound
    return web.Response(body=body, content_type=CONTENT_TYPE)


async def listen(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a request that is none is no news
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)  # HEAD too
    runner = web.AppRunner(application, access_log=None, keepalive_timeout=STAYS_S)  # 75 s by itself
    await runner.setup()
    await web.SockSite(runner, listener, backlog=options.backlog).start()  # 128 by itself
    await asyncio.Event().wait()


def serve(listener: socket.socket, options: Options) -> None:
    asyncio.run(listen(listener, options))


if __name__ == "__main__":
    run(serve, __doc__, service="http")
