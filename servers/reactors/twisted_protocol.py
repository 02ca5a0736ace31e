"""Listing 14-8: Twisted, a Protocol and a Factory.

Mechanism: the reactor (epoll on Linux) calls dataReceived; what is written is sent when the reactor comes
round.
Cost: a system call to watch for writability and one to stop, and a layer of calls, for each reply. Another
--reactor waits otherwise; those on asyncio add its loop below Twisted's transports.
"""

import argparse
import contextlib
import importlib
import socket
from typing import Any

from servers.contract import Options, Parser, cannot_start, library, run
from servers.listening import Transport

with library("twisted"):
    from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
    from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
    from zope.interface import implementer

REACTORS = {
    "default": "",
    "select": "twisted.internet.selectreactor",
    "poll": "twisted.internet.pollreactor",
    "epoll": "twisted.internet.epollreactor",
    "kqueue": "twisted.internet.kqreactor",
    "asyncio": "twisted.internet.asyncioreactor",
    "uvloop": "twisted.internet.asyncioreactor",
}

LACKS: dict[Transport, str] = {"unix-datagram": "Twisted adopts no such socket, it would make one by itself"}


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


class Waiting(Client):
    """The same where handlers wait: the reactor calls back, and nothing more is read until it has answered."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.later, self.pause_s = options.own.reactor.callLater, options.handler.seconds
        self.count = options.handler.counting()

    def dataReceived(self, data: bytes) -> None:
        if times := self.count(data):
            self.transport.pauseProducing()
            self.later(times * self.pause_s, self.answer, data)
        else:
            super().dataReceived(data)

    def answer(self, data: bytes) -> None:
        self.transport.resumeProducing()  # before it writes, which may pause reading again
        super().dataReceived(data)


class Clients(Factory):
    noisy = False

    def __init__(self, options: Options) -> None:
        self.options = options
        self.client = Waiting if options.handler.waits else Client

    def buildProtocol(self, addr: IAddress | None) -> Client:
        return self.client(self.options)


def reactor(name: str) -> Any:
    """What Twisted calls by that name. Whoever asks for its reactor first decides for the process which it is."""
    try:
        if name == "uvloop":
            with library("uvloop"):
                import uvloop
            importlib.import_module("twisted.internet.asyncioreactor").install(uvloop.new_event_loop())
        elif name != "default":  # Twisted's own choice, epoll on Linux
            importlib.import_module(REACTORS[name]).install()
    except KeyError:
        raise argparse.ArgumentTypeError(f"no reactor {name!r}; there are {', '.join(REACTORS)}") from None
    except ImportError as error:
        cannot_start(f"no reactor {name!r} on this platform ({error}); choose another --reactor")
    except AssertionError as error:  # that is what Twisted raises
        raise argparse.ArgumentTypeError(str(error)) from None
    return importlib.import_module("twisted.internet.reactor")


def add_options(parser: Parser) -> None:
    parser.add_argument("--reactor", type=reactor, default="default",
                        help=f"{', '.join(REACTORS)} (default: %(default)s)")  # fmt: skip


class Datagrams(DatagramProtocol):
    noisy = False
    transport: Any

    def __init__(self, options: Options) -> None:
        self.received = options.service().received

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        with contextlib.suppress(OSError):  # the reply is lost
            self.transport.write(self.received(datagram), addr)


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    sock.setblocking(False)
    # 8192: what is longer would be cut.
    options.own.reactor.adoptDatagramPort(sock.fileno(), sock.family, Datagrams(options), options.recv_size)
    options.own.reactor.run(installSignalHandlers=False)  # the contract's handlers stay


def serve(listener: socket.socket, options: Options) -> None:
    listener.setblocking(False)
    # Adopting the contract's listener pins the backlog (50) and TCP_NODELAY (off).
    options.own.reactor.adoptStreamPort(listener.fileno(), listener.family, Clients(options))
    listener.listen(options.backlog)  # of a Unix socket Twisted has made it 50 again
    options.own.reactor.run(installSignalHandlers=False)  # the contract's handlers stay


if __name__ == "__main__":
    run(serve, __doc__, add_options, waits="its own way", datagrams=serve_datagrams, unix=True, lacks=LACKS)
