"""Beside the chapter: one loop over a select.epoll() object, edge-triggered.

Mechanism: the kernel tells once that there is something new. A short read has drained the socket; who may have
more stands in a ready list, and is read once in each turn until then.
Cost: that list to keep; no system call when a client's watch changes, as it is watched for both all the time.
Linux only.
"""

import select
import socket

from servers.contract import Door, Options, run

NOTHING = memoryview(b"")
# After these a short read isn't the last: there is the end, an error, or what comes after urgent data.
MORE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR | select.EPOLLPRI
EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET | MORE


class Client:
    __slots__ = ("finished", "leaving", "more", "received", "sock", "unsent")

    def __init__(self, sock: socket.socket, options: Options) -> None:
        conversation = options.service()
        self.sock = sock
        self.received = conversation.received
        self.finished = conversation.finished
        self.leaving = conversation.hangs_up  # close when nothing is unsent any more
        self.more = False  # to read until a call would block
        self.unsent = NOTHING  # while there is some, nothing is read: that bounds our memory


class Loop:
    def __init__(self, listener: socket.socket, options: Options, door: type[Door] = Door) -> None:
        listener.setblocking(False)
        self.door = door(listener)
        self.options = options
        self.recv_size = options.recv_size
        self.clients: dict[int, Client] = {}
        self.ready: dict[int, Client] = {}  # may have more to be read, and aren't told of again
        self.epoll = select.epoll()
        # Level-triggered: who still waits at the door when no descriptor is left is told of again.
        self.epoll.register(listener.fileno(), select.EPOLLIN)

    def run(self) -> None:
        clients, readable, writable, wait = self.clients, self.readable, self.writable, self.epoll.poll
        while True:
            ready, self.ready = self.ready, {}
            for one in ready.items():
                readable(*one)
            for fd, events in wait(0 if self.ready else None):
                client = clients.get(fd)
                if client is None:
                    self.admit()
                    continue
                if events & MORE:
                    client.more = True
                if client.unsent:
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
        """Read once and answer at once; who may have more is read again in the next turn."""
        try:
            data = client.sock.recv(self.recv_size)
        except BlockingIOError:
            client.more = False
            return
        except OSError:
            self.drop(fd, client)
            return
        if data:
            if client.more or len(data) == self.recv_size:
                self.ready[fd] = client
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
        self.epoll.register(fd, EDGES)

    def watch_reading(self, fd: int, client: Client) -> None:
        self.ready[fd] = client  # nobody tells again of what came meanwhile

    def watch_writing(self, fd: int, client: Client) -> None:
        self.ready.pop(fd, None)

    def drop(self, fd: int, client: Client) -> None:
        self.ready.pop(fd, None)
        del self.clients[fd]
        client.sock.close()  # this also takes it out of the kernel's set


def serve(listener: socket.socket, options: Options) -> None:
    Loop(listener, options).run()


if __name__ == "__main__":
    run(serve, __doc__, unix=True)
