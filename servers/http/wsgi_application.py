"""The service http as a WSGI application, for servers that call one."""

from collections.abc import Callable, Iterable
from typing import Any

from servers.services.http import CONTENT_TYPE, content


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = content(environ["PATH_INFO"])
    status, body = ("200 OK", body) if body is not None else ("404 Not Found", b"")
    start_response(status, [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
