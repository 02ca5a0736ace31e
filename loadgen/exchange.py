"""What a virtual client says to a server, and what it must hear: bytes only, no sockets.

An exchange is one request with its reply. The message names its client and alternates between two forms,
so that a reply meant for another client, or for the request before, is seen to be wrong.
"""

from dataclasses import dataclass

GREETING = b"Thank you for connecting\r\n"


@dataclass(frozen=True)
class Exchange:
    service: str  # echo, greet or log
    message_size: int  # bytes, with the CRLF at the end
    requests_per_connection: int = 0  # 0: the connection stays

    @property
    def connection_carries(self) -> int:
        """Requests after which a connection ends; 0 for never."""
        return self.requests_per_connection if self.service == "echo" else 1

    @property
    def connecting_asks(self) -> bool:
        """Whether the request is the connection itself."""
        return self.service == "greet"

    @property
    def half_closes(self) -> bool:
        """Whether the client ends its direction after the message."""
        return self.service == "log"

    @property
    def server_closes(self) -> bool:
        """Whether the reply ends with the connection."""
        return self.service != "echo"

    def messages(self, name: int) -> tuple[bytes, bytes]:
        """The two forms of a client's message."""
        if self.connecting_asks:
            return b"", b""
        fill = self.message_size - 2
        return tuple(b"%08d%s" % (name, form) + form * (fill - 9) + b"\r\n" for form in (b"a", b"b"))  # type: ignore[return-value]

    def reply(self, message: bytes) -> bytes:
        match self.service:
            case "echo":
                return message
            case "greet":
                return GREETING
            case _:
                return b"%d\r\n" % len(message)
