"""What a virtual client says to a server, and what it must hear: bytes only, no sockets.

An exchange is one request with its reply. The message names its client and alternates between two forms, so that a
reply meant for another client, or for the request before, is seen to be wrong. All messages of an exchange are of one
size, and so are all its replies; the two sizes may differ. Replies that vary, such as HTTP's with their dates, are of
any size: what was right once is compared with what comes next, and what differs is judged.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

# Of a reply so far: some is to come; it is right; it is, and the server ends the connection then; it is wrong.
Verdict = Literal["part", "whole", "last", "wrong"]

NAME = 8  # digits of a client's name, with which a message begins
# The letters of a client's messages; it takes the next two where a reply to one before may still come.
FORMS = (b"ab", b"cd", b"ef", b"gh", b"ij", b"kl", b"mn", b"op", b"qr", b"st", b"uv", b"wx", b"yz")


class Request(NamedTuple):
    message: bytes
    reply: bytes  # the only right one; of those that vary the one that came last, nothing before the first


@dataclass(frozen=True)
class Exchange(ABC):
    """How a client talks to a service."""

    message_size: int  # bytes, with the CRLF at the end
    requests_per_connection: int = 0  # 0: the connection stays
    handler_of: str = "all"  # whose requests the server's handler is for; one: the client's of name 0

    connecting_asks: ClassVar[bool] = False  # the request is the connection itself
    half_closes: ClassVar[bool] = False  # the client ends its direction after the message
    server_closes: ClassVar[bool] = False  # the reply ends with the connection, which carries no other
    varies: ClassVar[bool] = False  # there are many right replies, none of them the beginning of another

    def is_aside(self, request: "Request") -> bool:
        """Whether that is a request of the one client whose requests are handled: others' latencies are looked at."""
        return self.handler_of == "one" and request.message.startswith(b"%08d" % 0)

    @property
    def connection_carries(self) -> int:
        """Requests after which a connection ends; 0 for never."""
        return 1 if self.server_closes else self.requests_per_connection

    @property
    def request_size(self) -> int:
        """Bytes."""
        return len(self.requests(0)[0].message)

    @property
    def reply_size(self) -> int:
        """Bytes; of replies that vary, those of their content."""
        return len(self.requests(0)[0].reply)

    def requests(self, name: int, forms: bytes = FORMS[0]) -> tuple[Request, Request]:
        """What the client of that number asks in turn."""
        first, second = (Request(message, self.reply(message)) for message in self.messages(name, forms))
        return first, second

    def messages(self, name: int, forms: bytes) -> tuple[bytes, bytes]:
        """A client's message in two forms, a letter each."""
        fill = self.message_size - NAME - 3
        first, second = (b"%08d%c%s\r\n" % (name, form, bytes([form]) * fill) for form in forms)
        return first, second

    @abstractmethod
    def reply(self, message: bytes) -> bytes:
        """What the server must answer."""

    def judge(self, message: bytes, heard: bytes) -> Verdict:
        """Whether that is a right reply to the message, where replies vary."""
        raise NotImplementedError
