"""Listing 14-7: one loop over a select.poll() object, level-triggered.

Mechanism: the process keeps the set of descriptors and hands the whole of it to the kernel at every wait.
Cost: per wait all clients, ready or not; the set is built anew after each change. No limit on descriptors.
UNIX only.
"""

import select
import socket

from servers.contract import Door, Options, run
from servers.datagrams import answering

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
        self.door = Door(listener)
        self.options = options
        self.recv_size = options.recv_size
        self.clients: dict[int, Client] = {}
        self.poll = select.poll()
        self.poll.register(listener.fileno(), select.POLLIN)

    def run(self) -> None:
        clients, readable, writable, wait = self.clients, self.readable, self.writable, self.poll.poll
        while True:
            # Which events came need not be asked: a client is watched either for reading or for writing, and
            # the call it is ready for also tells of an error, a hang-up or an invalid descriptor.
            for fd, _ in wait():
                client = clients.get(fd)
                if client is None:
                    self.admit()
                elif client.unsent:
                    writable(fd, client)
                else:
                    readable(fd, client)

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
        self.clients[fd] = client
        self.poll.register(fd, select.POLLIN)

    def watch_reading(self, fd: int, client: Client) -> None:
        self.poll.modify(fd, select.POLLIN)

    def watch_writing(self, fd: int, client: Client) -> None:
        self.poll.modify(fd, select.POLLOUT)

    def drop(self, fd: int, client: Client) -> None:
        del self.clients[fd]
        self.poll.unregister(fd)
        client.sock.close()


def serve(listener: socket.socket, options: Options) -> None:
    Loop(listener, options).run()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    sock.setblocking(False)
    answer, poll = answering(sock, options), select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    wait = poll.poll
    while True:
        wait()
        answer()


if __name__ == "__main__":
    run(serve, __doc__, datagrams=serve_datagrams, unix=True)
