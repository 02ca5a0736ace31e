"""Files that are written whole or not at all: whoever reads meanwhile, or after a crash, finds the old or the new."""

import os
from pathlib import Path

import pandas as pd


def write(path: Path, content: str | bytes) -> Path:
    """Write a file, text as UTF-8; its path. OSError that names it, and then it is as it was."""
    unfinished = path.with_name(f".{os.getpid()}.unfinished")  # a name may be as long as names can be
    try:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
        return unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        unfinished.unlink(missing_ok=True)


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as CSV; its path. OSError."""
    return write(path, table.to_csv(index=False, float_format="%.7g", lineterminator="\n"))


def write_or_remove(path: Path, table: pd.DataFrame) -> Path | None:
    """Write a table that says something; of one without rows no earlier file is left either. OSError."""
    if len(table):
        return write_table(path, table)
    path.unlink(missing_ok=True)
    return None
