"""Interpreters with the libraries that can be had for them: what is left out is told by the strategy that needs it."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

from harness.processes.server import Server, ServerFailed
from harness.variants import venv as environment
from tests.support.project import CONFIG

LADDER = ["py311", "py312", "py313", "py314", "py314t"]
PACKAGE = "hadable"  # made here, so that nothing has to be fetched


@pytest.fixture
def wheel(tmp_path: Path) -> str:
    """A package that pip can install without asking anybody."""
    made = tmp_path / f"{PACKAGE}-1.0-py3-none-any.whl"
    info = f"{PACKAGE}-1.0.dist-info"
    files = {
        f"{PACKAGE}.py": "VALUE = 42\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    script = (
        f"import zipfile\nwith zipfile.ZipFile({str(made)!r}, 'w') as made:\n"
        f"    for name, text in {files!r}.items():\n        made.writestr(name, text)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    return str(made)


def test_what_cannot_be_had_is_left_out_and_told_by_who_needs_it(tmp_path: Path, wheel: str) -> None:
    absent = f"{tmp_path}/trio-0.1-py3-none-any.whl"
    python = environment.built(sys.executable, [], tmp_path / "kept", [wheel, absent])
    assert environment.facts(python)["packages"][PACKAGE] == "1.0"
    trio = CONFIG.strategies["trio"].model_copy(update={"python": python, "variant": "bare"})
    server = Server.start(trio.label, trio, {"service": "echo", "recv_size": 65536}, logs=tmp_path)
    with pytest.raises(ServerFailed, match="needs trio") as failure:
        server.wait_ready(60)
    server.stop()
    assert failure.value.skipped


def test_where_none_can_be_had_it_is_one_line(tmp_path: Path) -> None:
    absent = [f"{tmp_path}/{name}-1.0-py3-none-any.whl" for name in ("nowhere", "neither")]
    with pytest.raises(environment.NotBuilt, match="none can be installed: ") as error:
        environment._install_some(Path(sys.executable), absent)
    assert error.value.key == "libraries"
    assert len(str(error.value).splitlines()) == 1


def test_versions_are_ours_where_we_have_them() -> None:
    ours = importlib.metadata.version("twisted")
    assert environment.as_here(["twisted", "never-heard-of"]) == [f"twisted=={ours}", "never-heard-of"]


@pytest.mark.parametrize("name", LADDER)
def test_a_rung_is_an_interpreter_with_the_libraries_of_the_strategies(name: str) -> None:
    rung = CONFIG.variants[name]
    assert rung.python.removeprefix("python").replace(".", "") == name.removeprefix("py")
    assert rung.libraries
