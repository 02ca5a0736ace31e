"""Echo servers whose fault shows while nobody asks them: unasked.py WAY. Options of the contract are ignored."""

import asyncio
import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable

from sound import Sound, serve

IDLE_S = 0.02  # nobody has asked for so long
OWED_S = 0.0001  # CPU time for each message that was answered
TICK_S = 0.001
CLOSES_S = 0.2  # what is idle for so long
PAUSE_S = 1.5
EINTR = 4


class Owes(Sound):
    """Answers at once, and does the work later."""

    owed, ticks = 0, 0
    due: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        Owes.owed, Owes.ticks = Owes.owed + 1, 0


class OwesUntilTheClock(Owes):
    """... when the clock says that nobody has asked for long."""

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if Owes.due:
            Owes.due.cancel()
        Owes.due = asyncio.get_running_loop().call_later(IDLE_S, pay)


def pay() -> None:
    """Use the CPU time that is owed, all at once."""
    until_s = time.process_time() + OWED_S * Owes.owed
    Owes.owed = 0
    while time.process_time() < until_s:
        pass


def tick() -> None:
    """... when it has been awake for long and nobody asked: time in which it stands still doesn't count."""
    Owes.ticks += 1
    if Owes.ticks >= IDLE_S / TICK_S:
        pay()
    asyncio.get_running_loop().call_later(TICK_S, tick)


class Spins(Sound):
    """Never blocks."""


def again() -> None:
    asyncio.get_running_loop().call_soon(again)


class ClosesIdle(Sound):
    """Closes connections that are idle for long."""

    due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        if self.due:
            self.due.cancel()
        self.due = asyncio.get_running_loop().call_later(CLOSES_S, self.transport.close)
        if data:
            super().data_received(data)


class Pauses(Sound):
    """Stands still by itself for a while, as it is thawed for the second time."""

    thawed = 0

    @classmethod
    def goes_on(cls, *_: object) -> None:
        cls.thawed += 1
        if cls.thawed == 2:
            time.sleep(PAUSE_S)


def die_of_eintr() -> None:
    """An epoll loop as one writes it in C, which takes every failure of epoll_wait for the end."""
    libc = ctypes.CDLL(None, use_errno=True)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"READY 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    epoll, clients = select.epoll(), {}
    epoll.register(listener, select.EPOLLIN)
    events = ctypes.create_string_buffer(16)
    while True:
        if libc.epoll_wait(epoll.fileno(), events, 1, -1) < 0:
            print(f"epoll_wait: {os.strerror(ctypes.get_errno())}", file=sys.stderr, flush=True)
            os._exit(1)
        for fd, _ in epoll.poll(0):
            if fd == listener.fileno():
                sock, _ = listener.accept()
                clients[sock.fileno()] = sock
                epoll.register(sock, select.EPOLLIN)
            else:
                data = clients[fd].recv(65536)
                clients[fd].sendall(data) if data else clients.pop(fd).close()


async def serve_with(protocol: type[Sound], begin: Callable[[], object] | None = None) -> None:
    if begin:
        asyncio.get_running_loop().call_soon(begin)
    await serve(protocol)


WAYS: dict[str, tuple[type[Sound], Callable[[], object] | None]] = {
    "clock": (OwesUntilTheClock, None),
    "ticks": (Owes, tick),
    "spins": (Spins, again),
    "closes": (ClosesIdle, None),
    "pauses": (Pauses, lambda: signal.signal(signal.SIGCONT, Pauses.goes_on)),
}


if __name__ == "__main__":
    if sys.argv[1] == "eintr":
        die_of_eintr()
    asyncio.run(serve_with(*WAYS[sys.argv[1]]))
