"""Python environments for variants: an interpreter, and libraries of their own, built once and kept.

An environment stands in a folder named by what it is made of, so that another wish makes another one, and is
complete when the file that says so is there.
"""

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COMPLETE = "complete.json"
BUILD_LIMIT_S = 1800
ASK_LIMIT_S = 60
_TELL = """
import importlib.metadata, json, platform, sys
packages = {found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}
print(json.dumps({"executable": sys.executable, "python": platform.python_version(),
                  "implementation": platform.python_implementation(), "packages": packages}))
"""


class NotBuilt(Exception):
    """There is no such interpreter or environment; the text is one line, `key` the setting that asks for it."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def interpreter(wanted: str) -> str:
    """The path of the interpreter itself, whatever shim or link leads to it; of our own where none is named."""
    if not wanted:
        return sys.executable
    found = shutil.which(wanted)
    if found is None:
        raise NotBuilt("python", f"there is no program {wanted!r}; install that Python or correct the path")
    return str(facts(found)["executable"])


def facts(python: str) -> dict[str, Any]:
    """What an interpreter is and which packages it sees. Raises NotBuilt if it doesn't say."""
    try:
        told = subprocess.run(
            [python, "-c", _TELL], capture_output=True, text=True, check=True, timeout=ASK_LIMIT_S,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(told.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise NotBuilt("python", f"{python} is no working Python ({_last_line(error)}); correct the path") from None
    return found


def as_here(libraries: Sequence[str]) -> list[str]:
    """Requirements for libraries in the versions that our own environment has; in any, where it has none."""
    ours = {found.metadata["Name"].lower(): found.version for found in importlib.metadata.distributions()}
    return [f"{name}=={ours[name.lower()]}" if name.lower() in ours else name for name in libraries]


def built(python: str, requirements: Sequence[str], kept: Path, libraries: Sequence[str] = ()) -> str:
    """The interpreter of an environment with these requirements; it is built if it isn't there yet.

    Of `libraries` it has those that can be installed without compiling. Raises NotBuilt where none of them can.
    """
    wish = json.dumps([python, facts(python)["python"], sorted(requirements), *([sorted(libraries)] * bool(libraries))])
    folder = kept / hashlib.sha256(wish.encode()).hexdigest()[:12]
    inside = folder / "bin" / "python"
    if (folder / COMPLETE).exists() and inside.exists():
        return str(inside)
    try:
        _run([python, "-m", "venv", "--clear", str(folder)])
        if requirements:
            _install(inside, requirements)
        _install_some(inside, libraries)
        (folder / COMPLETE).write_text(wish + "\n")
    except (OSError, subprocess.SubprocessError) as error:
        raise NotBuilt(
            "requirements", f"can't be installed: {_last_line(error)}; correct them or remove the variant"
        ) from None
    finally:
        if not (folder / COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
    return str(inside)


def _install(python: Path, wanted: Sequence[str]) -> None:
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted])


def _install_some(python: Path, libraries: Sequence[str]) -> None:
    """Install what there is for that interpreter; a strategy that needs another says so when it starts."""
    ready_made = ["--only-binary", ":all:"]
    try:
        if libraries:
            _install(python, [*ready_made, *libraries])
        return
    except subprocess.SubprocessError:
        pass  # one of them at least
    failures = []
    for library in libraries:
        try:
            _install(python, [*ready_made, library])
        except subprocess.SubprocessError as error:
            failures.append(error)
    if len(failures) == len(libraries):
        raise NotBuilt("libraries", f"none can be installed: {_last_line(failures[0])}; remove the key") from None


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True, timeout=BUILD_LIMIT_S, stdin=subprocess.DEVNULL)


def _last_line(error: Exception) -> str:
    said = getattr(error, "stderr", None)
    if not isinstance(said, str) or not said.strip():  # a time-out has bytes, whatever was asked for
        said = str(error)
    lines = [line.strip() for line in said.strip().splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error") or "not found" in line]
    return (errors or lines or ["no reason given"])[-1][:200]
