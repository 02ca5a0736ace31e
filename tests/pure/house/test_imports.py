"""Imports run one way: who may import whom, read from the files themselves."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.project import ROOT

OURS = {"run_bench", "axes", "commands", "harness", "loadgen", "analysis", "servers", "benchmarks", "tests"}
LOCUSTS = {"locust", "gevent"}  # they patch the process that imports them
SERVER_HELPERS = (  # and what is in them
    "servers.contract",
    "servers.handlers",
    "servers.listening",
    "servers.datagrams",
    "servers.datagram_requests",
    "servers.services",
    "servers.children",
    "servers.threads",
    "servers.readiness.dispatchers",
    "servers.event_loops.delays",
    "servers.event_loops.factories",
    "servers.event_loops.datagrams",
    "servers.green_threads.waking",
    "servers.workers.doors",
    "servers.http.adopting",
    "servers.http.wsgi_application",
)
WORKERS_LOOP = "servers.readiness.epoll_loop"  # whoever multiplies a loop multiplies that one
SERVER_LIBRARIES = {
    "twisted_protocol.py": {"twisted", "zope", "uvloop"},  # its interfaces; the loop below it, if that is wanted
    "twisted_line.py": {"twisted", "zope"},
    "twisted_defer.py": {"twisted", "zope"},
    "gevent_stream.py": {"gevent"},
    "waking.py": {"gevent"},
    "gevent_threadpool.py": {"gevent"},
    "eventlet_sockets.py": {"eventlet"},
    "trio_streams.py": {"trio"},
    "trio_to_thread.py": {"trio"},
    "anyio_streams.py": {"anyio"},
    "anyio_to_thread.py": {"anyio"},
    "tornado_streams.py": {"tornado"},
    "twisted_web.py": {"twisted"},
    "tornado_web.py": {"tornado"},
    "aiohttp_web.py": {"aiohttp"},
    "cheroot_wsgi.py": {"cheroot"},
    "uring_loop.py": {"liburing"},
    "asyncore_dispatcher.py": {"asyncore"},  # of the standard library until Python 3.11
    "dispatchers.py": {"asyncore"},
    "asynchat_lines.py": {"asyncore", "asynchat"},
}
SERVERS = sorted((ROOT / "servers").rglob("*.py"))
FORBIDDEN = {
    "run_bench.py": OURS - {"commands", "harness"} | LOCUSTS,
    "commands": OURS - {"axes", "commands", "harness", "analysis"} | LOCUSTS,
    "axes": OURS - {"axes"} | LOCUSTS,
    "harness": OURS - {"axes", "harness"} | LOCUSTS,
    "analysis": OURS - {"axes", "analysis"} | LOCUSTS,
    "loadgen": OURS - {"loadgen"},
}


# Nothing in harness computes a statistic, so that all of it can be replayed; whom it asks is handed in. But for what a
# window of a cell is like, which must be known before the next one.
COMPUTING = {"scipy", "numpy", "pandas", "statistics", "fractions", "decimal", "hdrh", "matplotlib"}
MAY_COMPUTE = {"experience.py": {"statistics"}}


def imported(source: str) -> set[str]:
    """The top-level names that a file imports anywhere, by statement or by importlib with a literal name."""
    return {module.partition(".")[0] for module in modules(ast.parse(source))}


def modules(tree: ast.AST) -> Iterator[str]:
    """The same in full, but for those that are relative."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case ast.Call(func=ast.Name("__import__") | ast.Attribute(attr="import_module"), args=[ast.Constant(name)]):
                yield str(name)


def violations(files: Iterable[Path], forbidden: set[str]) -> list[str]:
    return [f"{file}: {name}" for file in files for name in sorted(imported(file.read_text()) & forbidden)]


def computing(files: Iterable[Path]) -> list[str]:
    """What files of the measuring wing import to compute with."""
    return [found for file in files for found in violations([file], COMPUTING - MAY_COMPUTE.get(file.name, set()))]


def foreign(server: Path) -> set[str]:
    """What a server imports beyond the standard library, its own library and the contract."""
    known = set(sys.stdlib_module_names) | SERVER_LIBRARIES.get(server.name, set())
    found = set(modules(ast.parse(server.read_text())))
    helpers = {module for module in found if f"{module}.".startswith(tuple(f"{helper}." for helper in SERVER_HELPERS))}
    if server.parent.name == "workers":
        helpers.add(WORKERS_LOOP)
    return {module for module in found - helpers if module.partition(".")[0] not in known}


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_run_one_way(part: str) -> None:
    files = [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py"))
    assert files
    assert violations(files, FORBIDDEN[part]) == []


def test_harness_measures_and_never_computes() -> None:
    assert computing(sorted((ROOT / "harness").rglob("*.py"))) == []


@pytest.mark.parametrize("planted", ["import scipy.special", "from statistics import median", "import numpy as np"])
def test_planted_computing_is_caught(tmp_path: Path, planted: str) -> None:
    for name in ("sound.py", "run.py"):
        (tmp_path / name).write_text("import math\n" + planted * (name == "run.py"))
    assert computing(sorted(tmp_path.glob("*.py"))) == [
        f"{tmp_path / 'run.py'}: {planted.split()[1].partition('.')[0]}"
    ]
    (tmp_path / "experience.py").write_text("import statistics, scipy\n")
    assert computing([tmp_path / "experience.py"]) == [f"{tmp_path / 'experience.py'}: scipy"]


@pytest.mark.parametrize("call", ["Server.start(", "watchdog.guard(", "Loader(", "Company("])
def test_servers_and_loaders_are_started_and_guarded_on_the_stage_alone(call: str) -> None:
    files = [file for part in ("harness", "benchmarks") for file in (ROOT / part).rglob("*.py")]
    calling = [
        file
        for file in [ROOT / "run_bench.py", *files]
        if re.search(rf"(?<![A-Za-z])(?<!class ){re.escape(call)}", file.read_text())
    ]
    assert calling == [ROOT / "harness/processes/stage.py"]


def rooms(part: str) -> dict[str, set[str]]:
    """Which folder or file of a part imports which other."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / part).rglob("*.py")):
        room = file.relative_to(ROOT / part).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == part:
                inside = [node.module.split(".")[1]] if "." in node.module else [name.name for name in node.names]
                found.setdefault(room, set()).update(set(inside) - {room})
    return found


@pytest.mark.parametrize("part", ["harness", "analysis"])
def test_rooms_import_each_other_in_no_circle(part: str) -> None:
    assert list(TopologicalSorter(rooms(part)).static_order())


@pytest.mark.parametrize("server", SERVERS, ids=lambda path: path.name)
def test_server_stands_alone(server: Path) -> None:
    assert foreign(server) == set()


@pytest.mark.parametrize(
    "planted",
    [
        "import loadgen",
        "import loadgen.window as w",
        "from loadgen import histogram",
        "def late():\n    from loadgen.flood import Flood\n",
        "import importlib\nimportlib.import_module('loadgen.window')",
        "__import__('loadgen')",
        "if True:\n    import os, loadgen\n",
        "try:\n    import gevent.monkey\nexcept ImportError:\n    pass\n",
        "from locust import User",
    ],
)
def test_planted_violation_is_caught(tmp_path: Path, planted: str) -> None:
    (tmp_path / "sound.py").write_text("import os\nfrom harness import plan\nfrom .loadgen import own\n")
    (tmp_path / "unsound.py").write_text(planted)
    (found,) = violations(sorted(tmp_path.glob("*.py")), FORBIDDEN["harness"])
    assert found.startswith(f"{tmp_path / 'unsound.py'}: ")


@pytest.mark.parametrize("planted", ["import psutil", "from harness import plan", "import gevent", "import twisted",
                                     "import servers.readiness.poll_loop", "from servers import blocking",
                                     "from servers.blocking import converse"])  # fmt: skip
def test_planted_import_in_a_server_is_caught(tmp_path: Path, planted: str) -> None:
    server = tmp_path / "select_loop.py"
    server.write_text(f"import select\nfrom servers.contract import run\n{planted}\n")
    assert len(foreign(server)) == 1
