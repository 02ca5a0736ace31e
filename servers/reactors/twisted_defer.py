"""Beside the chapter: Twisted, whose handlers run in threads (deferToThread).

Mechanism: that of 14-8; the protocol hands the handler to the reactor's pool of --threads threads, and answers when its
Deferred fires. A handler that waits is a delayed call instead. Nothing more is read of that client until then.
Cost: on top of 14-8 a Deferred and a queue for each message, the waking of a thread, and that of the reactor by a byte
through a pipe. Under a GIL, handlers that compute take turns with each other and with the reactor.
"""

import socket
from functools import partial
from typing import Any

from servers.contract import Options, counted, library, run

with library("twisted"):
    from twisted.internet import reactor
    from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
    from twisted.internet.protocol import Factory, Protocol
    from twisted.internet.task import deferLater
    from twisted.internet.threads import deferToThread
    from zope.interface import implementer


@implementer(IHalfCloseableProtocol)  # without it a half-close would throw away what is not yet sent
class Client(Protocol):
    transport: Any  # Twisted's interfaces say nothing to mypy

    def __init__(self, options: Options) -> None:
        self.conversation = options.service()
        self.received = self.conversation.received
        self.recv_size = options.recv_size
        self.count = options.handler.counting()
        self.carry_out = options.handler.offloaded(deferToThread, partial(deferLater, reactor))

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
        if times := self.count(data):
            self.transport.pauseProducing()
            self.carry_out(times).addCallback(lambda _: self.go_on(data))
        else:
            self.answer(data)

    def go_on(self, data: bytes) -> None:
        self.transport.resumeProducing()  # before it writes, which may pause reading again
        self.answer(data)

    def answer(self, data: bytes) -> None:
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
    loop.suggestThreadPoolSize(options.own.threads)  # 10
    # Adopting the contract's listener pins the backlog (50) and TCP_NODELAY (off).
    loop.adoptStreamPort(listener.fileno(), listener.family, Clients(options))
    listener.listen(options.backlog)  # of a Unix socket Twisted has made it 50 again
    loop.run(installSignalHandlers=False)  # the contract's handlers stay


if __name__ == "__main__":
    run(
        serve,
        __doc__,
        counted("--threads", 32, 1024, "handlers at a time"),
        waits="its own way",
        offloads=True,
        unix=True,
    )
