"""Listing 14-6: one loop over select.select(), level-triggered.

Mechanism: two lists of descriptors, to read and to write, go to the kernel and come back at every wait.
Cost: per wait all clients, ready or not. A descriptor of 1024 (FD_SETSIZE) or more can't be watched: that
client is refused. Runs everywhere.
"""

import select
import socket

from servers.contract import Options, SelectDoor, run
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
        self.door = SelectDoor(listener)
        self.options = options
        self.recv_size = options.recv_size
        self.listener = listener.fileno()
        self.reading: dict[int, Client | None] = {self.listener: None}
        self.writing: dict[int, Client] = {}

    def run(self) -> None:
        reading, writing, readable, writable = self.reading, self.writing, self.readable, self.writable
        wait = select.select
        while True:
            # A client is watched either for reading or for writing, and the call it is ready for also tells
            # of an error or a hang-up.
            to_read, to_write, _ = wait(reading, writing, ())
            for fd in to_read:
                client = reading[fd]
                if client is None:
                    self.admit()
                else:
                    readable(fd, client)
            for fd in to_write:
                writable(fd, writing[fd])

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
        self.reading[fd] = client

    def watch_reading(self, fd: int, client: Client) -> None:
        self.reading[fd] = self.writing.pop(fd)

    def watch_writing(self, fd: int, client: Client) -> None:
        self.writing[fd] = client
        del self.reading[fd]

    def drop(self, fd: int, client: Client) -> None:
        (self.writing if fd in self.writing else self.reading).pop(fd)
        client.sock.close()


def serve(listener: socket.socket, options: Options) -> None:
    Loop(listener, options).run()


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    sock.setblocking(False)
    answer, watched, wait = answering(sock, options), [sock.fileno()], select.select
    while True:
        wait(watched, (), ())
        answer()


if __name__ == "__main__":
    run(serve, __doc__, datagrams=serve_datagrams, unix=True)
