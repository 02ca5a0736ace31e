"""What a server does with a datagram: it is answered once, to its sender, at once or not at all.

Whoever doesn't take replies, or is gone, misses them, as on a network, and nobody else waits for that. A loop that
waited until a Unix socket's full queue has room would spin: the kernel says all the while that ours may be written to.
"""

import socket
from collections.abc import Callable
from typing import Any

from servers.contract import Options


def send(sock: socket.socket, reply: bytes, sender: Any) -> None:
    """Send it if the kernel takes it now. A Unix socket without a name, which is told as None, can't be answered."""
    try:
        if sender:
            sock.sendto(reply, socket.MSG_DONTWAIT, sender)
    except OSError:
        pass  # it is lost


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
