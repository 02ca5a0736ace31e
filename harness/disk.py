"""Files that can't grow any more: what is told from other faults, as nobody's code is to blame."""

import errno

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def said(error: OSError, place: object) -> str:
    """A line: where, why, and the remedy. `place` stands for a file that the error doesn't name."""
    return f"{error.filename or place}: {error.strerror}; make room there, or name another folder with --results"
