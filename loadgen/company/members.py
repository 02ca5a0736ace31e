"""The members of a company at one server: what all kinds have in common."""

import select
import socket
from abc import ABC, abstractmethod
from typing import NamedTuple

from loadgen.company.tally import Tally
from loadgen.exchanges.echo import Echo
from loadgen.exchanges.exchange import Request
from loadgen.source import Source
from loadgen.target import Target

FIRST_NAME = 90_000_000  # no client that is measured is called so
NAMES = 9_000_000
MESSAGE_SIZE = 64  # bytes
GONE = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR


class Came(NamedTuple):
    """What became of those who came to stay."""

    open: int
    refused: int = 0
    closed: int = 0  # by the server, since
    answers: bool = True  # the server served somebody after the last of them


class Members(ABC):
    """Of one kind. Times are seconds on a clock that goes on while the server has a window alone."""

    def __init__(self, target: Target, source: Source, size: int) -> None:
        self.target, self.size = target, size
        self.epoll = select.epoll()
        self.did = Tally()
        self._source = source
        self._named = 0

    @property
    @abstractmethod
    def open(self) -> int:
        """Connections that there are now."""

    def come(self, few: int) -> Came:
        """Those who stay connect in turn, no more than a few at once; others come when they act."""
        return Came(0)

    def begin(self, now_s: float, head_s: float) -> None:
        """A window begins, whose first part so long isn't counted."""
        self.did = Tally()

    @abstractmethod
    def act(self, now_s: float) -> float:
        """Do what is due; when the next is."""

    @abstractmethod
    def ready(self, descriptor: int, events: int, now_s: float) -> None:
        """Something has happened on a connection."""

    @property
    def is_done(self) -> bool:
        """Whether nothing begun is waited for, when a window ends."""
        return True

    @property
    def patience_s(self) -> float:
        """For how long it is waited for."""
        return 0.0

    def end(self) -> None:  # noqa: B027 (most have nothing to do)
        """Nothing more is waited for."""

    def leave(self, few: int = 0) -> None:
        """Close all connections; of those who stayed no more than a few before the server answers again, if it does."""
        self.epoll.close()

    def request(self) -> Request:
        """One that nobody else makes."""
        self._named += 1
        return Echo(MESSAGE_SIZE).requests(FIRST_NAME + self._named % NAMES)[0]

    def socket(self) -> socket.socket:
        """A new one from where the company comes."""
        sock = socket.socket(self.target.family, socket.SOCK_STREAM)
        self._source.bind(sock)
        return sock
