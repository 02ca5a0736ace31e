"""Beside the chapter: a fixed number of threads, and a queue of connections that wait for one of them.

Mechanism: that of threading-bare; a thread serves a client to its end, then takes the next from the queue.
Cost: no thread's start per connection, and no more threads than --threads, however many clients come; but who
comes when all are taken waits until somebody leaves, and with persistent clients that is for ever.
"""

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable

from servers.contract import Door, Options, cannot_start, counted, ready, run
from servers.datagrams import answering
from servers.threads import tell, telling


def serve(listener: socket.socket, options: Options) -> None:
    door, waiting = Door(listener), queue.SimpleQueue[socket.socket]()
    start_threads(options, lambda number: attend(waiting, options, number))
    ready(listener)
    while True:
        client = door.accept()
        if client is not None:
            waiting.put(client)


def start_threads(options: Options, work: Callable[[int], None]) -> None:
    try:
        for number in range(options.own.threads):
            # A thread that isn't a daemon would keep the process alive until its client leaves.
            threading.Thread(target=work, args=(number,), daemon=True).start()
    except RuntimeError as error:  # there are no more threads to be had
        cannot_start(f"cannot start {options.own.threads} threads: {error}")


def attend(waiting: "queue.SimpleQueue[socket.socket]", options: Options, number: int) -> None:
    """A thread of the pool: one client after the other."""
    while True:
        # An error means that the client is gone.
        with waiting.get() as client, contextlib.suppress(OSError):
            if options.own.tells:
                tell(number, client)
            converse(client, options)


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


def serve_datagrams(sock: socket.socket, options: Options) -> None:
    """Each thread waits at the socket itself: there is no queue between them."""
    start_threads(options, lambda number: answer_all(sock, options))
    ready(sock)
    threading.Event().wait()


def answer_all(sock: socket.socket, options: Options) -> None:
    answer = answering(sock, options)
    while True:
        answer()


if __name__ == "__main__":
    clients = telling(counted("--threads", 32, 1024, "clients that are served at a time"))
    run(serve, __doc__, clients, says_ready=True, waits=time.sleep, datagrams=serve_datagrams, unix=True)
