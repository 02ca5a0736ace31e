"""Echo servers at which clients queue: queueing.py short LENGTH | shrinks LENGTH | slow.

short    a listen queue of that length, whatever was asked for
shrinks  has a long one, until it has said that it is ready
slow     a long one, from which a client is taken once a millisecond
"""

import asyncio
import contextlib
import socket
import sys
import threading
import time

from sound import run

TAKES_S = 0.001


def serve(sock: socket.socket) -> None:
    with contextlib.suppress(ConnectionError), sock:
        while data := sock.recv(65536):
            sock.sendall(data)


def accept_slowly() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(f"READY 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        time.sleep(TAKES_S)


def shrink(listener: socket.socket, length: int) -> None:
    def again(loop: asyncio.AbstractEventLoop) -> None:
        listener.listen(length)

    run(sock=listener, begin=again)


match sys.argv[1:]:
    case "short", length:
        run(backlog=int(length))
    case "shrinks", length:
        shrink(socket.create_server(("127.0.0.1", 0)), int(length))
    case _:
        accept_slowly()
