"""What a server does with a datagram: it is answered once, to its sender.

Of Unix sockets the kernel doesn't take a reply for two reasons. What this server has sent and nobody has read yet fills
its buffer: it waits until there is room. Or the client's own queue is full: the reply is lost, as on a network. To wait
for that would be to spin, as the kernel says all the while that the server may write.
"""

import contextlib
import select
import socket
from collections.abc import Callable
from typing import Any

from servers.contract import Options


def send(sock: socket.socket, reply: bytes, sender: Any) -> None:
    """Send a reply, or lose it. A Unix socket without a name, which is told as None, can't be answered."""
    if not sender:
        return
    try:
        sock.sendto(reply, socket.MSG_DONTWAIT, sender)
    except BlockingIOError:
        _wait_for_room(sock)
        with contextlib.suppress(OSError):
            sock.sendto(reply, socket.MSG_DONTWAIT, sender)
    except OSError:
        pass  # the client is gone


def answering(sock: socket.socket, options: Options) -> Callable[[], None]:
    """A call that takes the next datagram and answers it: for loops of our own, and for threads whose calls block."""
    received, recvfrom, size = options.service().received, sock.recvfrom, options.recv_size

    def answer() -> None:
        try:
            data, sender = recvfrom(size)
        except OSError:
            return  # none after all, or news of an earlier reply
        send(sock, received(data), sender)

    return answer


def _wait_for_room(sock: socket.socket) -> None:
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLOUT)
    poll.poll()
