"""What git says of a repository: of the one that is named, whatever the environment would have it look at."""

import os
import subprocess
from pathlib import Path

from harness.config import ConfigError

# Hooks and worktrees set them; each would make git read another repository, index or tree than that of a folder.
ELSEWHERE = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
    "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
)  # fmt: skip


def ask(root: Path, *words: str) -> bytes:
    """What git answers in this folder.

    Raises CalledProcessError where it refuses, FileNotFoundError where there is no git, and ConfigError where the
    folder belongs to somebody else.
    """
    known = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    command = ["git", "-C", str(root), *words]
    try:
        return subprocess.run(command, env=known | {"LC_ALL": "C"}, capture_output=True, check=True).stdout
    except subprocess.CalledProcessError as refusal:
        if b"dubious ownership" in refusal.stderr:
            raise ConfigError(
                f"{root}: belongs to another user, so git doesn't read it; allow it with "
                f"`git config --global --add safe.directory {root}`"
            ) from None
        raise


def paths(root: Path, *words: str) -> list[str]:
    """The same, of a command that lists paths with -z; a name that is no UTF-8 is kept as Python keeps such names."""
    return [os.fsdecode(name) for name in ask(root, *words).split(b"\0") if name]


def shown(path: str) -> str:
    """A path that can be printed and recorded, whatever bytes it has."""
    return os.fsencode(path).decode(errors="replace")
