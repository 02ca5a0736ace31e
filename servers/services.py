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


class Echo(Conversation):
    """The stream comes back as it went."""

    __slots__ = ()

    def received(self, data: bytes) -> bytes:
        return data


class Greet(Conversation):
    """A greeting, then goodbye (listings 14-1 to 14-5)."""

    __slots__ = ()

    opening = b"Thank you for connecting\r\n"
    hangs_up = True


class Log(Conversation):
    """Swallow everything, then give a receipt: the number of bytes (listings 14-6 to 14-9)."""

    __slots__ = ("_swallowed",)

    def __init__(self) -> None:
        self._swallowed = 0

    def received(self, data: bytes) -> bytes:
        self._swallowed += len(data)
        return b""

    def finished(self) -> bytes:
        return b"%d\r\n" % self._swallowed


SERVICES: dict[str, type[Conversation]] = {"echo": Echo, "greet": Greet, "log": Log}
