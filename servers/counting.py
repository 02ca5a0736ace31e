"""No strategy: what the probe of shared state asks. It has one number, and each message adds one to it.

That is done in three steps: read, pause, write. Between the first and the last another client's message may have been
counted, and is lost then. --kind says who serves a client: a thread, a thread that takes a lock around the three
steps, a forked process, one loop for all, or a coroutine that lets others run in the pause. A message is "+" or "?"
and CRLF; "?" adds nothing. The reply is the number, as the server has it then, and CRLF.
"""

import asyncio
import contextlib
import os
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable

from servers.contract import Options, Parser, run

PAUSE_S = 0.0002


class Number:
    """The shared state."""

    value = 0

    def add(self) -> None:
        read = self.value
        time.sleep(PAUSE_S)
        self.value = read + 1

    async def add_and_let_others(self) -> None:
        read = self.value
        await asyncio.sleep(PAUSE_S)
        self.value = read + 1


NUMBER, LOCK = Number(), threading.Lock()


def add_locked() -> None:
    with LOCK:
        NUMBER.add()


def converse(client: socket.socket, add: Callable[[], None]) -> None:
    """One client, from the first message to the last."""
    with client, contextlib.suppress(OSError), client.makefile("rb") as messages:
        for message in messages:
            if message.startswith(b"+"):
                add()
            client.sendall(b"%d\r\n" % NUMBER.value)


def by_threads(listener: socket.socket, add: Callable[[], None]) -> None:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=converse, args=(client, add), daemon=True).start()


def by_forks(listener: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        client, _ = listener.accept()
        with client:
            if os.fork() == 0:
                listener.close()
                converse(client, NUMBER.add)
                os._exit(0)


def by_a_loop(listener: socket.socket) -> None:
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                client, _ = listener.accept()
                selector.register(client, selectors.EVENT_READ, bytearray())
            elif isinstance(key.fileobj, socket.socket) and not answer(key.fileobj, key.data):
                selector.unregister(key.fileobj)
                key.fileobj.close()


def answer(client: socket.socket, unread: bytearray) -> bool:
    """Read once and answer all messages that are whole; whether the client is still there."""
    with contextlib.suppress(OSError):
        data = client.recv(4096)
        *messages, unread[:] = (bytes(unread) + data).split(b"\n")
        for message in messages:
            if message.startswith(b"+"):
                NUMBER.add()
            client.sendall(b"%d\r\n" % NUMBER.value)
        return bool(data)
    return False


def by_coroutines(listener: socket.socket) -> None:
    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while message := await reader.readline():
            if message.startswith(b"+"):
                await NUMBER.add_and_let_others()
            writer.write(b"%d\r\n" % NUMBER.value)
        writer.close()

    async def serve() -> None:
        listener.setblocking(False)
        async with await asyncio.start_server(attend, sock=listener) as server:
            await server.serve_forever()

    asyncio.run(serve())


KINDS: dict[str, Callable[[socket.socket], None]] = {
    "threads": lambda listener: by_threads(listener, NUMBER.add),
    "locked": lambda listener: by_threads(listener, add_locked),
    "forks": by_forks,
    "loop": by_a_loop,
    "coroutines": by_coroutines,
}


def add_options(parser: Parser) -> None:
    parser.add_argument("--kind", choices=KINDS, default="threads", help="who serves a client (default: %(default)s)")


def serve(listener: socket.socket, options: Options) -> None:
    KINDS[options.own.kind](listener)


if __name__ == "__main__":
    run(serve, __doc__, add_options)
