"""Variants of a bench file: which interpreter runs, environments built once, and what is left of one that fails."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from harness.config import Config, ConfigError, Strategy, read
from harness.processes.server import Server
from harness.variants import entries as variants
from harness.variants import venv as environment
from tests.support.project import ROOT

PACKAGE = "tellable"  # made here, so that nothing has to be fetched


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that pip can install from its folder without asking anybody."""
    folder = tmp_path_factory.mktemp(PACKAGE)
    (folder / f"{PACKAGE}.py").write_text("VALUE = 42\n")
    wheel = folder / f"{PACKAGE}-1.0-py3-none-any.whl"
    info = f"{PACKAGE}-1.0.dist-info"
    script = (
        "import sys, zipfile\n"
        f"with zipfile.ZipFile({str(wheel)!r}, 'w') as made:\n"
        f"    made.writestr('{PACKAGE}.py', 'VALUE = 42\\n')\n"
        f"    made.writestr('{info}/METADATA', 'Metadata-Version: 2.1\\nName: {PACKAGE}\\nVersion: 1.0\\n')\n"
        f"    made.writestr('{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        f"    made.writestr('{info}/RECORD', '')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    return wheel


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Path:
    """A folder with an environment that has the package."""
    folder = tmp_path_factory.mktemp("kept")
    environment.built(sys.executable, [str(package)], folder)
    return folder


def configuration(tmp_path: Path, tables: str) -> Config:
    (tmp_path / "mine.toml").write_text(tables)
    return read(ROOT / "bench.toml", tmp_path / "mine.toml")


def test_each_strategy_in_each_variant(tmp_path: Path) -> None:
    config = configuration(tmp_path, '[variants.shy]\nenv = { MOOD = "shy" }\n')
    chosen = {name: config.strategies[name] for name in ("select", "poll")}
    forms = variants.of_bench_file(config, chosen, ["plain", "shy"], tmp_path / "kept")
    assert list(forms.strategies) == ["select@plain", "select@shy", "poll@plain", "poll@shy"]
    assert forms.strategies["poll@shy"].env == {"MOOD": "shy"}
    assert list(forms.facts) == ["plain", "shy"]
    assert forms.facts["plain"]["python"].count(".") == 2
    assert not (tmp_path / "kept").exists()


def test_a_server_runs_in_the_environment_of_its_variant(tmp_path: Path) -> None:
    tell = "import os, sys; print(os.environ['MOOD'], sys.executable, file=sys.stderr); sys.exit(7)"
    strategy = Strategy(command=f'{{python}} -c "{tell}"', name="teller", variant="shy", env={"MOOD": "shy"})
    server = Server.start(strategy.label, strategy, {"service": "echo", "recv_size": 65536}, logs=tmp_path)
    server._process.wait(30)
    server.stop()
    assert (tmp_path / "teller@shy.err").read_text().split() == ["shy", sys.executable]


def test_an_environment_is_built_once_and_holds_what_was_asked_for(kept: Path, package: Path) -> None:
    (folder,) = kept.iterdir()
    python = str(folder / "bin" / "python")
    found = environment.facts(python)
    assert found["packages"][PACKAGE] == "1.0"
    assert "locust" not in found["packages"]  # nothing of ours
    complete = (folder / environment.COMPLETE).stat().st_mtime_ns
    package.rename(package.with_suffix(".away"))
    try:  # it could not be built again
        assert environment.built(sys.executable, [str(package)], kept) == python
    finally:
        package.with_suffix(".away").rename(package)
    assert (folder / environment.COMPLETE).stat().st_mtime_ns == complete


def test_of_an_environment_that_fails_nothing_is_left(tmp_path: Path) -> None:
    config = configuration(tmp_path, f"[variants.odd]\nrequirements = ['{tmp_path}/nowhere-1.0-py3-none-any.whl']\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: variants\.odd\.requirements: can't be installed") as error:
        variants.of_bench_file(config, {}, ["odd"], tmp_path / "kept")
    assert len(str(error.value).splitlines()) == 1
    assert list((tmp_path / "kept").iterdir()) == []


def test_an_interrupted_environment_is_built_anew(kept: Path, package: Path) -> None:
    (folder,) = kept.iterdir()
    (folder / environment.COMPLETE).unlink()
    assert environment.facts(environment.built(sys.executable, [str(package)], kept))["packages"][PACKAGE] == "1.0"


def test_an_interpreter_is_found_behind_a_shim(tmp_path: Path) -> None:
    shim = tmp_path / "python-of-another-name"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    os.chmod(shim, 0o755)
    assert environment.interpreter(str(shim)) == sys.executable


def test_an_interpreter_of_another_environment(tmp_path: Path) -> None:
    venv.create(tmp_path / "other", with_pip=False)
    found = environment.facts(environment.interpreter(str(tmp_path / "other/bin/python")))
    assert found["packages"] == {}
