"""Where the loops of several workers get their connections from: a listener that they share, or a parent."""

import os
import socket

from servers.contract import Complaint, Door
from servers.threads import tell


class SharedDoor(Door):
    """A door of one of several loops at the same listener: each time that it is ready it gives one connection.

    So the others, which have been woken too, get the next ones, and nobody takes the whole crowd (nginx calls this
    `multi_accept off`).
    """

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener)
        self._gave = False

    def accept(self) -> socket.socket | None:
        client = None if self._gave else super().accept()
        self._gave = client is not None
        return client


def told(door: type[Door], worker: int, tells: bool) -> type[Door]:
    """That door as it is, or one that says which connections this worker takes."""
    base = door
    if not tells:
        return door

    class Telling(base):  # type: ignore[misc, valid-type]
        def accept(self) -> socket.socket | None:
            client: socket.socket | None = super().accept()
            if client is not None:
                tell(worker, client)
            return client

    return Telling


class DescriptorReceiver(Door):
    """A worker's door: through it come the connections that the parent has accepted."""

    family = socket.AF_INET  # of the connections

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._complain = Complaint()

    def accept(self) -> socket.socket | None:
        while True:
            try:
                word, descriptors, _, _ = socket.recv_fds(self._parent, 1, 1)
            except BlockingIOError:
                return None
            if descriptors:
                return socket.socket(self.family, socket.SOCK_STREAM, 0, descriptors[0])
            if not word:
                os._exit(0)  # there is no parent any more
            self._complain("connection refused: Too many open files")  # the kernel has closed it
