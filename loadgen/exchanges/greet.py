"""greet: a client connects, says nothing, and hears the greeting and the end."""

from loadgen.exchanges.exchange import Exchange

GREETING = b"Thank you for connecting\r\n"


class Greet(Exchange):
    connecting_asks = True
    server_closes = True

    def messages(self, name: int, forms: bytes) -> tuple[bytes, bytes]:
        return b"", b""

    def reply(self, message: bytes) -> bytes:
        return GREETING
