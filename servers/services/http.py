"""http: GET /64 is answered with a body of 64 bytes, text/plain; HTTP/1.1, and 1.0 where the library has no other.

The size stands in the target, so that a server serves all of them without being configured. A query names the client
and its turn, and changes nothing.
"""

import functools

CONTENT_TYPE = "text/plain"
LARGEST = 64 * 2**20


def content(target: str) -> bytes | None:
    """The body at a request's target; None where there is nothing."""
    return _of_path(target.partition("?")[0])


@functools.lru_cache(maxsize=16)
def _of_path(path: str) -> bytes | None:
    digits = path.removeprefix("/")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST)) and int(digits) <= LARGEST):
        return None
    return of_size(int(digits))


def of_size(size: int) -> bytes:
    """So many bytes, no two of whose lines are alike: a piece that is left out or said twice is seen."""
    return b"".join(b"%07d\n" % line for line in range(-(-size // 8)))[:size]
