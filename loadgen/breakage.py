"""What a failed call on a client's socket says of the server: kinds of errors, as they are counted."""

import errno

_KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timed_out",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ENOTCONN: "reset",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}


def kind_of(error: OSError) -> str:
    """The kind of error. Raises one that is ours (descriptors, ports), not the server's: the run must not hide it."""
    if error.errno not in _KINDS:
        raise error
    return _KINDS[error.errno]
