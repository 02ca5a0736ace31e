"""echo: the message comes back."""

from loadgen.exchanges.exchange import Exchange


class Echo(Exchange):
    def reply(self, message: bytes) -> bytes:
        return message
