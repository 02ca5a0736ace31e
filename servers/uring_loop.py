"""Beside the chapter: one loop over an io_uring.

Mechanism: the kernel is told what to do, not asked what is ready: to accept clients until further notice, to
receive into a client's buffer, to send a reply and, when all of it is sent, to receive again (linked).
Cost: one system call for all that is to be done for all clients, and a wait; --recv-size bytes and a copy for
each client. A kernel or a container may forbid io_uring.
"""

import errno
import os
import socket

from servers.contract import EXHAUSTED, Complaint, Options, cannot_start, library, ready, run

with library("liburing"):
    import liburing

ENTRIES = 4096
SETUP = liburing.IORING_SETUP_SINGLE_ISSUER | liburing.IORING_SETUP_DEFER_TASKRUN  # completions come while we wait
LINKED = liburing.IOSQE_IO_LINK | liburing.IOSQE_CQE_SKIP_SUCCESS  # of a send only its failure is heard
ACCEPT, PAUSE, RECEIVE, SEND, FAREWELL = range(5)  # what a completion is of
KINDS = 8
FORBIDDEN = "it may be forbidden (kernel.io_uring_disabled, seccomp)"
NOT_NOW = {errno.EINTR, errno.EAGAIN, errno.EBUSY}  # such as after SIGCONT


class Client:
    __slots__ = ("buffer", "finished", "received", "reply", "view")

    def __init__(self, options: Options) -> None:
        conversation = options.service()
        self.received = conversation.received
        self.finished = conversation.finished
        self.buffer = bytearray(0 if conversation.hangs_up else options.recv_size)
        self.view = memoryview(self.buffer)
        self.reply = b""  # the kernel reads from it until it is sent


class Loop:
    def __init__(self, listener: socket.socket, options: Options) -> None:
        self.ring = liburing.Ring()
        try:
            liburing.io_uring_queue_init(ENTRIES, self.ring, SETUP)
        except OSError as refusal:
            why = "the kernel is older than 6.1" if refusal.errno == errno.EINVAL else FORBIDDEN
            cannot_start(f"no io_uring here: {refusal.strerror}; {why}")
        self.listener = listener.fileno()
        self.options = options
        self.clients: dict[int, Client] = {}
        self.complain = Complaint()
        self.pause = liburing.timespec(0.1)

    def run(self) -> None:
        completion = liburing.Cqe()
        self.accept()
        while True:
            self.submit(1)
            seen = 0
            for _ in liburing.CqeIter(self.ring, completion):
                entry = completion[0]
                fd, kind = divmod(entry.user_data, KINDS)
                if kind == RECEIVE:
                    self.came(fd, entry)
                elif kind == ACCEPT:
                    self.accepted(entry)
                elif kind == FAREWELL:
                    self.drop(fd)
                elif kind == PAUSE:
                    self.accept()
                # else a SEND that failed: it takes the receiving with it, which tells
                seen += 1
            liburing.io_uring_cq_advance(self.ring, seen)

    def submit(self, awaited: int) -> None:
        """Hand over what is to be done, and wait for so many completions."""
        try:
            liburing.io_uring_submit_and_wait(self.ring, awaited)
        except OSError as error:
            if error.errno not in NOT_NOW:
                raise

    def accept(self) -> None:
        """Take in whoever comes, from now on."""
        liburing.io_uring_prep_multishot_accept(self.entry(0, ACCEPT), self.listener)

    def accepted(self, entry: liburing.CQE) -> None:
        try:
            fd = entry.res
        except OSError as error:
            if error.errno in EXHAUSTED:  # it would fail again at once, with nobody at the door too
                self.complain(f"no connection can be accepted: {error.strerror}")
                liburing.io_uring_prep_timeout(self.entry(0, PAUSE), self.pause, 0)
                return
        else:
            client = self.clients[fd] = Client(self.options)
            if self.options.service.hangs_up:
                self.farewell(fd, client, self.options.service.opening)
            else:
                self.send(fd, client, self.options.service.opening)
        if not entry.flags & liburing.IORING_CQE_F_MORE:
            self.accept()

    def came(self, fd: int, entry: liburing.CQE) -> None:
        client = self.clients[fd]
        try:
            size = entry.res
        except OSError:
            self.drop(fd)
            return
        if size:
            self.send(fd, client, client.received(bytes(client.view[:size])))
        else:
            self.farewell(fd, client, client.finished())

    def send(self, fd: int, client: Client, reply: bytes) -> None:
        """Send all of a reply, and only then receive: that bounds our memory."""
        if reply:
            client.reply = reply
            sending = self.entry(fd, SEND, room=2)  # what is linked is handed over together
            liburing.io_uring_prep_send(sending, fd, reply, socket.MSG_WAITALL)
            sending.flags = LINKED
        liburing.io_uring_prep_recv(self.entry(fd, RECEIVE), fd, client.buffer)

    def farewell(self, fd: int, client: Client, words: bytes) -> None:
        """Send the last words, then close."""
        client.reply = words
        liburing.io_uring_prep_send(self.entry(fd, FAREWELL), fd, words, socket.MSG_WAITALL)

    def entry(self, fd: int, kind: int, room: int = 1) -> liburing.SQE:
        """The next place in the queue of what is to be done."""
        while liburing.io_uring_sq_space_left(self.ring) < room:
            self.submit(0)
        entry = liburing.io_uring_get_sqe(self.ring)
        entry.user_data = fd * KINDS + kind
        return entry

    def drop(self, fd: int) -> None:
        del self.clients[fd]
        os.close(fd)


def serve(listener: socket.socket, options: Options) -> None:
    loop = Loop(listener, options)
    ready(listener)
    loop.run()


if __name__ == "__main__":
    run(serve, __doc__, says_ready=True, unix=True)
