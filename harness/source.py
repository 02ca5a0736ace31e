"""What was measured, as text: the revision of this project, and its servers' files, so that both can be found again."""

import hashlib
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from harness.config import ConfigError
from harness.variants import git


def told(root: Path) -> dict[str, Any]:
    """The fields of run.json about it."""
    return {"revision": revision(root), "sources": digests(root, "servers")}


def revision(root: Path) -> str | None:
    """The commit that the working tree in `root` stands at, with -dirty if it differs; None where git has none."""
    try:
        if git.ask(root, "rev-parse", "--show-prefix").strip():
            return None  # an unpacked copy within somebody else's repository
        named = git.ask(root, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (CalledProcessError, OSError, ConfigError):
        return None
    return named.decode(errors="replace").strip() or None


def digests(root: Path, folder: str) -> dict[str, str]:
    """The SHA-256 of each Python file in a folder of `root`, by its path from there."""
    files = sorted((root / folder).rglob("*.py"))
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
