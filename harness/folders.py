"""Where runs go: a folder each, and DIR/latest, which points to the newest in which there is anything to be seen."""

import errno
import os
import secrets
from pathlib import Path

from harness.config import ConfigError


def new(results: Path, name: str) -> Path:
    """DIR/name, with what no other run has behind it, wherever that was made. Raises ConfigError.

    So where DIR/latest can't point to it, as it is to from the first record on.
    """
    folder = results / f"{name}-{secrets.token_hex(3)}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ConfigError(f"--results {results}: can't be written: {error.strerror}; name another folder") from None
    doing, remedy = "can't hold links", "name a folder of another file system"
    try:
        draft = _drafted(folder)
        draft.unlink()
        latest = results / "latest"
        if latest.is_dir() and not latest.is_symlink():
            doing, remedy = "latest is in the way", "move it"
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        folder.rmdir()
        raise ConfigError(f"--results {results}: {doing}: {error.strerror}; {remedy}") from None
    return folder


def link(folder: Path) -> None:
    """Let DIR/latest point to it, in one step."""
    draft = _drafted(folder)
    try:
        draft.replace(folder.parent / "latest")
    except OSError:
        draft.unlink()
        raise


def _drafted(folder: Path) -> Path:
    draft = folder.parent / f".latest-{folder.name}"
    draft.symlink_to(folder.name)
    return draft
