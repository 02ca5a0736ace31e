"""What a service does with bytes, and nothing of how they travel: bytes in, bytes out, no sockets.

A conversation is one client's share of a service. A strategy sends `opening` as soon as the client
is connected and closes at once if the service `hangs_up`; else it passes what it reads to `received`
and the client's half-close to `finished`, sends what they return, and closes after the latter.
"""

from typing import ClassVar


class Conversation:
    """The shape of a service; by itself it reads and says nothing."""

    __slots__ = ()

    opening: ClassVar[bytes] = b""  # sent on connect
    hangs_up: ClassVar[bool] = False  # the server closes first, right after the opening

    def received(self, data: bytes) -> bytes:
        """The reply to bytes that arrived, however the network cut them; empty for none."""
        return b""

    def finished(self) -> bytes:
        """The last words, once the client has half-closed; empty for none."""
        return b""
