"""Beside the chapter: a process per connection on bare sockets, without socketserver.

Mechanism: that of listing 14-4; recv and sendall take the place of the library's buffered files, and a child that
ends says so by a signal.
Cost: a fork per connection and a process per client.
"""

import contextlib
import os
import signal
import socket
import time
from types import FrameType
from typing import NoReturn

from servers.contract import Complaint, Door, Options, leave, run

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}
SIGNALS = STOP_SIGNALS | {signal.SIGCHLD}


class Server:
    def __init__(self, listener: socket.socket, options: Options) -> None:
        self._listener = listener
        self._options = options
        self._children: set[int] = set()
        self._complain = Complaint()

    def serve(self) -> None:
        signal.signal(signal.SIGCHLD, self._collect)
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, self._stop)
        door = Door(self._listener)
        while True:
            client = door.accept()
            if client is not None:
                with client:  # the parent's copy; the child has its own
                    self._hand_over(client)

    def _hand_over(self, client: socket.socket) -> None:
        # Between fork and the note of the child's id a signal would leave that child behind.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                self._attend(client)
            self._children.add(pid)
        except OSError as error:  # there are no more processes to be had
            self._complain(f"a connection could not be served: {error}")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def _attend(self, client: socket.socket) -> NoReturn:
        """In the child: it dies of a signal like any process, and lets go of its parent's port."""
        try:
            for own in SIGNALS:
                signal.signal(own, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            self._listener.close()
            with contextlib.suppress(OSError):  # an error means that the client is gone
                converse(client, self._options)
        finally:
            os._exit(0)  # whatever happened, the accept loop is the parent's

    def _collect(self, signum: int, frame: FrameType | None) -> None:
        """Wait for every child that has ended, which also counts its CPU time in ours."""
        with contextlib.suppress(ChildProcessError):
            while pid := os.waitpid(-1, os.WNOHANG)[0]:
                self._children.discard(pid)

    def _stop(self, signum: int, frame: FrameType | None) -> NoReturn:
        """Take the children along."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        children = list(self._children)
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        leave()


def serve(listener: socket.socket, options: Options) -> None:
    Server(listener, options).serve()


def converse(client: socket.socket, options: Options) -> None:
    """One client from the first byte to the last."""
    conversation = options.service()
    if conversation.opening:
        client.sendall(conversation.opening)
    if conversation.hangs_up:
        return
    received, recv, sendall, size = conversation.received, client.recv, client.sendall, options.recv_size
    while data := recv(size):
        if reply := received(data):
            sendall(reply)
    if reply := conversation.finished():
        sendall(reply)


if __name__ == "__main__":
    run(serve, __doc__, waits=time.sleep, unix=True)
