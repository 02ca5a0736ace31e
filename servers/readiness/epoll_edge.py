"""Beside the chapter: one loop over a select.epoll() object, edge-triggered.

Mechanism: the kernel tells once that there is something new, so all of it is read, until a call would block.
Cost: a further recv for each request, to hear that there is no more; no system call when a client's watch
changes, as it is watched for both all the time. Linux only.
"""

import select
import socket

from servers.contract import Door, Options, run

NOTHING = memoryview(b"")
EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLET
SHARE = 16  # reads of a client in a row; who has more then waits for the others' turns


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
        self.unfinished: dict[int, Client] = {}  # had their share, and aren't told of again
        self.epoll = select.epoll()
        # Level-triggered: who still waits at the door when no descriptor is left is told of again.
        self.epoll.register(listener.fileno(), select.EPOLLIN)

    def run(self) -> None:
        clients, readable, writable, wait = self.clients, self.readable, self.writable, self.epoll.poll
        while True:
            unfinished, self.unfinished = self.unfinished, {}
            # Which events came need not be asked: with something unsent only writing helps, else only reading,
            # and both calls also tell of an error, a hang-up or an invalid descriptor.
            for fd, _ in wait(0 if unfinished else None):
                client = clients.get(fd)
                if client is None:
                    self.admit()
                elif client.unsent:
                    writable(fd, client)
                else:
                    readable(fd, client)
            for fd, client in unfinished.items():
                if clients.get(fd) is client and not client.unsent:
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
        """Read and answer until there is no more to read, or no more room to send, or the share is used up."""
        for _ in range(SHARE):
            try:
                data = client.sock.recv(self.recv_size)
            except BlockingIOError:
                return
            except OSError:
                self.drop(fd, client)
                return
            if not data:
                client.leaving = True
                self.send(fd, client, client.finished())
                return
            reply = client.received(data)
            if reply and not self.send(fd, client, reply):
                return
        self.unfinished[fd] = client

    def send(self, fd: int, client: Client, reply: bytes) -> bool:
        """Whether all was sent; else it waits for room, and reading waits with it, or the client is gone."""
        try:
            sent = client.sock.send(reply) if reply else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.drop(fd, client)
            return False
        if sent < len(reply):
            client.unsent = memoryview(reply)[sent:]
            return False
        if client.leaving:
            self.drop(fd, client)
        return True

    def writable(self, fd: int, client: Client) -> None:
        """Send more of what waits; with nothing left, close, or read: nobody tells again of what came meanwhile."""
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
            self.readable(fd, client)

    def enter(self, fd: int, client: Client) -> None:
        self.clients[fd] = client
        self.epoll.register(fd, EDGES)

    def drop(self, fd: int, client: Client) -> None:
        del self.clients[fd]
        client.sock.close()  # this also takes it out of the kernel's set


def serve(listener: socket.socket, options: Options) -> None:
    Loop(listener, options).run()


if __name__ == "__main__":
    run(serve, __doc__)
