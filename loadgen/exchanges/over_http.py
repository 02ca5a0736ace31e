"""What exchanges over HTTP have in common: a right reply has status 200, its type, and the body that it must have."""

from abc import abstractmethod
from typing import ClassVar

from loadgen.exchanges.exchange import Exchange, Verdict
from loadgen.exchanges.http_reply import Malformed, parse


class OverHttp(Exchange):
    varies = True
    content_type: ClassVar[str]
    around: ClassVar[int] = 0  # bytes at most that a body has beside the message's

    @property
    def reply_size(self) -> int:
        return self.message_size

    @property
    def end(self) -> bytes:
        """A request's header field where no other follows on its connection."""
        return b"Connection: close\r\n" if self.connection_carries == 1 else b""

    def reply(self, message: bytes) -> bytes:
        return b""

    def judge(self, message: bytes, heard: bytes) -> Verdict:
        try:
            reply = parse(heard, self.message_size + self.around)
        except Malformed:
            return "wrong"
        if reply is None:
            return "part"
        is_of_type = reply.fields.get("content-type", "").lower().startswith(self.content_type)
        is_too_short = reply.length is not None and reply.length < self.message_size
        if reply.status != 200 or not is_of_type or is_too_short:
            return "wrong"
        if reply.body is None:
            return "part"
        if not self.is_right(message, reply.body):
            return "wrong"
        return "last" if reply.ends else "whole"

    @abstractmethod
    def is_right(self, message: bytes, body: bytes) -> bool:
        """Whether that whole body answers the message."""
