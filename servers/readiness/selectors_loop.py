"""Beside the chapter: one loop over the standard library's selectors, level-triggered.

Mechanism: that of select, poll or epoll, as --selector says, behind one interface for all of them.
Cost: that of the call below it, and the library's: a key with the client's object looked up for each that is
ready, a new one whenever a client's watch changes.
"""

import selectors
import socket

from servers.contract import Door, Options, Parser, SelectDoor, run
from servers.datagrams import answering

SELECTORS: dict[str, type[selectors.BaseSelector]] = {
    "select": selectors.SelectSelector,
    "poll": selectors.PollSelector,
    "epoll": selectors.EpollSelector,
}
NOTHING = memoryview(b"")


class Client:
    __slots__ = ("finished", "leaving", "received", "sock", "unsent")

    def __init__(self, sock: socket.socket, options: Options) -> None:
        conversation = options.service()
        self.sock = sock
        self.received = conversation.received
        self.finished = conversation.finished
        self.leaving = conversation.hangs_up  # close when nothing is unsent any more
        self.unsent = NOTHING  # while there is some, nothing is read: that bounds our memory


class Loop:
    def __init__(self, listener: socket.socket, options: Options) -> None:
        listener.setblocking(False)
        self.door = SelectDoor(listener) if options.own.selector == "select" else Door(listener)
        self.options = options
        self.recv_size = options.recv_size
        self.selector = SELECTORS[options.own.selector]()
        self.selector.register(listener, selectors.EVENT_READ)

    def run(self) -> None:
        readable, writable, wait = self.readable, self.writable, self.selector.select
        while True:
            # Which events came need not be asked: a client is watched either for reading or for writing, and
            # the call it is ready for also tells of an error, a hang-up or an invalid descriptor.
            for key, _ in wait():
                client = key.data
                if client is None:
                    self.admit()
                elif client.unsent:
                    writable(key.fd, client)
                else:
                    readable(key.fd, client)

    def admit(self) -> None:
        """Take in all who wait at the door."""
        while sock := self.door.accept():
            sock.setblocking(False)
            fd = sock.fileno()
            client = Client(sock, self.options)
            self.enter(fd, client)
            self.send(fd, client, self.options.service.opening)

    def readable(self, fd: int, client: Client) -> None:
        """Read once and answer at once; a level-triggered wait returns for what is left."""
        try:
            data = client.sock.recv(self.recv_size)
        except BlockingIOError:
            return
        except OSError:
            self.drop(fd, client)
            return
        if data:
            reply = client.received(data)
            if reply:
                self.send(fd, client, reply)
        else:
            client.leaving = True
            self.send(fd, client, client.finished())

    def send(self, fd: int, client: Client, reply: bytes) -> None:
        """What the kernel doesn't take now waits for writability, and reading waits with it."""
        try:
            sent = client.sock.send(reply) if reply else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(fd, client)
            return
        if sent < len(reply):
            client.unsent = memoryview(reply)[sent:]
            self.watch_writing(fd, client)
        elif client.leaving:
            self.drop(fd, client)

    def writable(self, fd: int, client: Client) -> None:
        """Send more of what waits; with nothing left, read again or close."""
        unsent = client.unsent
        try:
            sent = client.sock.send(unsent)
        except BlockingIOError:
            return
        except OSError:
            self.drop(fd, client)
            return
        if sent < len(unsent):
            client.unsent = unsent[sent:]
        elif client.leaving:
            self.drop(fd, client)
        else:
            client.unsent = NOTHING
            self.watch_reading(fd, client)

    def enter(self, fd: int, client: Client) -> None:
        self.selector.register(fd, selectors.EVENT_READ, client)

    def watch_reading(self, fd: int, client: Client) -> None:
        self.selector.modify(fd, selectors.EVENT_READ, client)

    def watch_writing(self, fd: int, client: Client) -> None:
        self.selector.modify(fd, selectors.EVENT_WRITE, client)

    def drop(self, fd: int, client: Client) -> None:
        self.selector.unregister(fd)
        client.sock.close()


def serve(listener: socket.socket, options: Options) -> None:
    Loop(listener, options).run()


def add_options(parser: Parser) -> None:
    parser.add_argument("--selector", choices=SELECTORS, default="epoll", help="what waits (default: %(default)s)")


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    sock.setblocking(False)
    answer, selector = answering(sock, options), SELECTORS[options.own.selector]()
    selector.register(sock, selectors.EVENT_READ)
    wait = selector.select
    while True:
        wait()
        answer()


if __name__ == "__main__":
    run(serve, __doc__, add_options, datagrams=serve_datagrams, unix=True)
