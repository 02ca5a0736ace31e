"""Listing 14-1: a bare socket and an endless accept loop, one client at a time.

Mechanism: every call blocks.
Cost: a client waits until all before it have left. For one client nothing is cheaper: no call but recv and
send.
"""

import contextlib
import socket
import time

from servers.contract import Door, Options, run
from servers.datagrams import answering


def serve(listener: socket.socket, options: Options) -> None:
    door = Door(listener)
    while True:
        client = door.accept()
        if client is not None:
            # An error means that the client is gone; the next one waits.
            with client, contextlib.suppress(OSError):
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
    answer = answering(sock, options)
    while True:
        answer()


if __name__ == "__main__":
    run(serve, __doc__, waits=time.sleep, datagrams=serve_datagrams, unix=True)
