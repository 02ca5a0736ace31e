"""One virtual client's connection to one server, and how far its request is."""

import _socket  # the plain type: Locust replaces socket.socket with one that yields to its hub

from loadgen.exchanges import Request


class Connection:
    __slots__ = (
        "answered",
        "arrived_ns",
        "asked_ns",
        "connecting_ns",
        "drawn",
        "fd",
        "following",
        "given_up",
        "got",
        "heard",
        "in_vain",
        "intended_ns",
        "lay_ns",
        "losses",
        "missed",
        "number",
        "open",
        "quick",
        "replies_left",
        "request",
        "right",
        "served",
        "sock",
        "unsent",
        "unsent_ns",
    )

    def __init__(self, requests: tuple[Request, Request], number: int = 0) -> None:
        self.number = number  # its place among those of its server
        self.right = 0  # correct replies since the window began
        self.request, self.following = requests  # the one to be asked or answered, and the one after it
        self.sock: _socket.socket | None = None
        self.fd = -1
        self.open = False  # a request is under way: from its first act to its last byte
        self.given_up = False  # it was open when its window ended: its answer is late, not a latency
        self.answered = False  # at least one correct reply since the server was opened
        self.served = False  # at least one in its windows
        self.in_vain = False  # a request has timed out, and no correct reply has come since
        self.missed: dict[bytes, None] = {}  # replies that may still come, of datagrams that were taken for lost
        self.losses = 0
        self.unsent_ns = 0  # when its datagram was last seen to wait for room
        self.quick = False  # nothing unusual has happened: the hot loop may handle it
        self.intended_ns = 0  # open loop: when the open request was meant to start
        self.asked_ns = 0  # when it was sent
        self.connecting_ns = 0  # when the connect under way began; 0: none
        self.drawn = False  # the kernel's stamp of the open request's reply is read
        self.lay_ns = -1  # how long its last bytes lay in the kernel; negative: no stamp came
        self.arrived_ns = 0  # when the kernel had them, where it is known
        self.got = 0  # bytes of the reply so far
        self.heard = b""  # these, where it is another than the one that is known
        self.unsent = 0  # bytes of the message still to be sent
        self.replies_left: float = 0  # replies until this connection ends; infinite where it stays

    def close(self) -> None:
        """Close the socket, which also takes it out of its epoll; the request's state stays."""
        if self.sock is not None:
            self.sock.close()
        self.sock, self.fd = None, -1
        self.quick = False
        self.connecting_ns = self.got = self.unsent = 0
        self.heard = b""
