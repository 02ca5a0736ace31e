"""log: a client sends a message and half-closes; the receipt is the number of its bytes."""

from loadgen.exchanges.exchange import Exchange


class Log(Exchange):
    half_closes = True
    server_closes = True

    def reply(self, message: bytes) -> bytes:
        return b"%d\r\n" % len(message)
