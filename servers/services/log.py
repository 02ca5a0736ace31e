"""log: count what comes, answer the client's half-close with the number of bytes (listings 14-6 to 14-9)."""

from servers.services.conversation import Conversation


class Log(Conversation):
    __slots__ = ("_swallowed",)

    def __init__(self) -> None:
        self._swallowed = 0

    def received(self, data: bytes) -> bytes:
        self._swallowed += len(data)
        return b""

    def finished(self) -> bytes:
        return b"%d\r\n" % self._swallowed
