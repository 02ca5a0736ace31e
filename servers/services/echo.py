"""echo: the stream comes back as it went."""

from servers.services.conversation import Conversation


class Echo(Conversation):
    __slots__ = ()

    def received(self, data: bytes) -> bytes:
        return data
