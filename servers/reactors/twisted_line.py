"""Listing 14-9: Twisted, a LineReceiver.

Mechanism: that of 14-8; the library collects bytes until a line is whole and hands it over without its
delimiter.
Cost: that of 14-8, plus the search for delimiters and two copies of each line. Until a line is whole, each
read copies and searches it again from its start: that grows with the square of its length, up to
MAX_LENGTH.
"""

import socket
from typing import Any

from servers.contract import Options, library, run

with library("twisted"):
    from twisted.internet import reactor
    from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
    from twisted.internet.protocol import Factory
    from twisted.protocols.basic import LineReceiver
    from zope.interface import implementer


@implementer(IHalfCloseableProtocol)  # without it a half-close would throw away what is not yet sent
class Client(LineReceiver):
    delimiter = b"\r\n"
    MAX_LENGTH = 2**20  # 16,384: longer lines would cost the client its connection, without a word

    transport: Any  # Twisted's interfaces say nothing to mypy

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.recv_size = options.recv_size

    def connectionMade(self) -> None:
        transport, conversation = self.transport, self.conversation
        transport.bufferSize = self.recv_size  # Twisted's own: 64 KiB; also when unsent bytes are too many
        if conversation.opening:
            transport.write(conversation.opening)
        if conversation.hangs_up:
            transport.loseConnection()
        else:
            # Lines, as a producer of bytes to write, pause while the client doesn't take its replies.
            transport.registerProducer(self, True)

    def lineReceived(self, line: bytes) -> None:
        reply = self.received(line + self.delimiter)
        if reply:
            self.transport.write(reply)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Pass on what there is of a line past MAX_LENGTH: neither our memory nor the search grows on."""
        if line.endswith(b"\r"):
            line = line[:-1]
            self.setLineMode(b"\r")  # back into the buffer: it may be the first half of the delimiter
        if reply := self.received(line):
            self.transport.write(reply)

    def readConnectionLost(self) -> None:
        self.transport.write(self.received(self.clearLineBuffer()))  # a last line without its delimiter
        self.transport.write(self.conversation.finished())
        self.transport.unregisterProducer()
        self.transport.loseConnection()  # after all that is written has been sent

    def writeConnectionLost(self) -> None:
        pass  # we never close our half alone


class Waiting(Client):
    """The same where handlers wait: the reactor calls back, and no more lines are told until it has answered."""

    waits = False
    is_full = False  # the client doesn't take its replies

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.pause_s, self.count = options.handler.seconds, options.handler.counting()

    def lineReceived(self, line: bytes) -> None:
        if self.count(line + self.delimiter):
            self.waits = True
            super().pauseProducing()
            later: Any = reactor
            later.callLater(self.pause_s, self.answer, line)
        else:
            super().lineReceived(line)

    def answer(self, line: bytes) -> None:
        self.waits = False
        super().lineReceived(line)
        if not self.is_full:
            super().resumeProducing()  # here the next line is told

    def pauseProducing(self) -> None:
        self.is_full = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.is_full = False
        if not self.waits:
            super().resumeProducing()


class Clients(Factory):
    noisy = False

    def __init__(self, options: Options) -> None:
        self.options = options
        self.client = Waiting if options.handler.waits else Client

    def buildProtocol(self, addr: IAddress | None) -> Client:
        return self.client(self.options)


def serve(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    loop: Any = reactor
    # Adopting the contract's listener pins the backlog (50) and TCP_NODELAY (off).
    loop.adoptStreamPort(listener.fileno(), listener.family, Clients(options))
    listener.listen(options.backlog)  # of a Unix socket Twisted has made it 50 again
    loop.run(installSignalHandlers=False)  # the contract's handlers stay


if __name__ == "__main__":
    run(serve, __doc__, waits="its own way", unix=True)
