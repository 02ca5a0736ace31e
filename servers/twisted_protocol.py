"""Listing 14-8: Twisted, a Protocol and a Factory.

Mechanism: the reactor (epoll on Linux) calls dataReceived; what is written is sent when the reactor comes
round.
Cost: a system call to watch for writability and one to stop, and a layer of calls, for each reply.
"""

import socket
from typing import Any

from servers.contract import Options, library, run

with library("twisted"):
    from twisted.internet import reactor
    from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
    from twisted.internet.protocol import Factory, Protocol
    from zope.interface import implementer


@implementer(IHalfCloseableProtocol)  # without it a half-close would throw away what is not yet sent
class Client(Protocol):
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
            # Reading, as a producer of bytes to write, pauses while the client doesn't take its replies.
            transport.registerProducer(transport, True)

    def dataReceived(self, data: bytes) -> None:
        reply = self.received(data)
        if reply:
            self.transport.write(reply)

    def readConnectionLost(self) -> None:
        self.transport.write(self.conversation.finished())
        self.transport.unregisterProducer()
        self.transport.loseConnection()  # after all that is written has been sent

    def writeConnectionLost(self) -> None:
        pass  # we never close our half alone


class Clients(Factory):
    noisy = False

    def __init__(self, options: Options) -> None:
        self.options = options

    def buildProtocol(self, addr: IAddress | None) -> Client:
        return Client(self.options)


def serve(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    loop: Any = reactor
    # Adopting the contract's listener pins the backlog (50) and TCP_NODELAY (off).
    loop.adoptStreamPort(listener.fileno(), socket.AF_INET, Clients(options))
    loop.run(installSignalHandlers=False)  # the contract's handlers stay


if __name__ == "__main__":
    run(serve, __doc__)
