"""The service http as an ASGI application, for servers that call one."""

from collections.abc import Awaitable, Callable
from typing import Any

from servers.services.http import CONTENT_TYPE, content

TYPE = (b"content-type", CONTENT_TYPE.encode())


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        while (told := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": f"{told}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = content(scope["path"])
    status, body = (200, body) if body is not None else (404, b"")
    headers = [TYPE, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
