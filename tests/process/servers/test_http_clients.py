"""What the standard library's clients and the servers make of each other: urllib, http.client and xmlrpc.client."""

import http.client
import subprocess
import urllib.error
import xmlrpc.client
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen, urlretrieve

import pytest

from harness.config import Strategy
from harness.conformance.http import content
from harness.processes.server import CANNOT_START, Server
from tests.support.project import ROOT, STRATEGIES, command

OF_HTTP = {name: strategy for name, strategy in STRATEGIES.items() if "http" in strategy.services}
OF_XMLRPC = {name: strategy for name, strategy in STRATEGIES.items() if "xmlrpc" in strategy.services}
TIMEOUT_S = 10
PROGRAMS = [name for name, strategy in OF_HTTP.items() if "servers.http.program" in strategy.command]


def needed(name: str) -> list[str]:
    """The libraries that a program's strategy names, the program's first."""
    return command(STRATEGIES[name])[3].split(",")


@pytest.mark.parametrize("name", OF_HTTP)
def test_urllib_gets_the_body(name: str, start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(OF_HTTP[name], "http")
    url = f"http://{server.endpoint.host}:{server.endpoint.port}"
    with urlopen(f"{url}/64", timeout=TIMEOUT_S) as response:
        assert (response.status, response.read()) == (200, content(64))
        assert response.headers.get_content_type() == "text/plain"
    path, _ = urlretrieve(f"{url}/16384?00000000a", tmp_path / "body")
    assert Path(path).read_bytes() == content(16384)


@pytest.mark.parametrize("name", ["http-threading", "twisted-web", "uvicorn"])
def test_a_connection_carries_many_requests_of_http_client(name: str, start: Callable[..., Server]) -> None:
    server = start(OF_HTTP[name], "http")
    connection = http.client.HTTPConnection(server.endpoint.host, server.endpoint.port, timeout=TIMEOUT_S)
    ends = set()
    for size in range(0, 200, 20):
        connection.request("GET", f"/{size}")
        ends.add(connection.sock.getsockname())
        assert connection.getresponse().read() == content(size)
    connection.close()
    assert len(ends) == 1


@pytest.mark.parametrize("name", ["http-server", "wsgiref", "tornado-web", "uvicorn"])
def test_what_is_not_there_is_not_found(name: str, start: Callable[..., Server]) -> None:
    server = start(OF_HTTP[name], "http")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urlopen(f"http://{server.endpoint.host}:{server.endpoint.port}/nothing", timeout=TIMEOUT_S)


@pytest.mark.parametrize("name", OF_XMLRPC)
def test_an_xmlrpc_client_is_returned_its_string(name: str, start: Callable[..., Server]) -> None:
    server = start(OF_XMLRPC[name], "xmlrpc")
    with xmlrpc.client.ServerProxy(f"http://{server.endpoint.host}:{server.endpoint.port}") as proxy:
        for text in ("hello", "", "<&> äπ漢", "x" * 100_000):
            assert proxy.echo(text) == text
        with pytest.raises(xmlrpc.client.Fault, match="nothing"):
            proxy.nothing()


# --- starting ------------------------------------------------------------------------------------------------------


def run(strategy: Strategy, *options: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(strategy, *options), cwd=ROOT, env=env or None, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("name", ["http-server", "xmlrpc"])
def test_another_service_is_refused(name: str) -> None:
    ended = run(STRATEGIES[name], "--service", "echo")
    assert ended.returncode == 2
    assert "invalid choice: 'echo'" in ended.stderr
    assert "Mechanism:" in run(STRATEGIES[name], "--help").stdout


@pytest.mark.parametrize(
    ("name", "library"),
    [
        *((name, library) for name in PROGRAMS for library in needed(name)),
        ("aiohttp", "aiohttp"),
        ("cheroot", "cheroot"),
    ],
)
def test_a_missing_library_is_told_with_3(name: str, library: str, tmp_path: Path) -> None:
    for there in needed(name)[: needed(name).index(library)] if name in PROGRAMS else ():
        (tmp_path / f"{there}.py").touch()
    (tmp_path / f"{library}.py").write_text(f"raise ModuleNotFoundError('No module named {library}')")
    ended = run(STRATEGIES[name], PYTHONPATH=str(tmp_path), PATH="/usr/bin:/bin")
    assert ended.returncode == CANNOT_START
    assert len(ended.stderr.splitlines()) == 1
    assert f"needs {library} " in ended.stderr
    assert ended.stderr.endswith("install it with: make http\n")
