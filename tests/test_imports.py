"""Imports run one way: who may import whom, read from the files themselves."""

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT

OURS = {"run_bench", "axes", "harness", "loadgen", "analysis", "servers", "benchmarks", "tests"}
LOCUSTS = {"locust", "gevent"}  # they patch the process that imports them
SERVER_HELPERS = {"contract", "services"}
SERVER_LIBRARIES = {
    "twisted_protocol.py": {"twisted", "zope"},  # its interfaces
    "twisted_line.py": {"twisted", "zope"},
    "uvloop_protocol.py": {"uvloop"},
    "gevent_stream.py": {"gevent"},
}
FORBIDDEN = {
    "run_bench.py": OURS - {"harness", "analysis"} | LOCUSTS,
    "axes.py": OURS | LOCUSTS,
    "harness": OURS - {"axes", "harness"} | LOCUSTS,
    "analysis": OURS - {"axes", "analysis"} | LOCUSTS,
    "loadgen": OURS - {"loadgen"},
}


def imported(source: str) -> set[str]:
    """The top-level names that a file imports anywhere, by statement or by importlib with a literal name."""
    return set(_imported(ast.parse(source)))


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.Call(func=ast.Name("__import__") | ast.Attribute(attr="import_module"), args=[ast.Constant(name)]):
                yield str(name).partition(".")[0]


def violations(files: Iterable[Path], forbidden: set[str]) -> list[str]:
    return [f"{file}: {name}" for file in files for name in sorted(imported(file.read_text()) & forbidden)]


def foreign(server: Path) -> set[str]:
    """What a server imports beyond the standard library, its own library and the contract."""
    own = SERVER_LIBRARIES.get(server.name, set()) if server.stem not in SERVER_HELPERS else set()
    return imported(server.read_text()) - set(sys.stdlib_module_names) - SERVER_HELPERS - own


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_run_one_way(part: str) -> None:
    files = [ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py"))
    assert files
    assert violations(files, FORBIDDEN[part]) == []


@pytest.mark.parametrize("server", sorted((ROOT / "servers").glob("*.py")), ids=lambda path: path.name)
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


@pytest.mark.parametrize("planted", ["import psutil", "from harness import plan", "import gevent", "import twisted"])
def test_planted_import_in_a_server_is_caught(tmp_path: Path, planted: str) -> None:
    server = tmp_path / "select_loop.py"
    server.write_text(f"import select\nfrom contract import run\n{planted}\n")
    assert len(foreign(server)) == 1
