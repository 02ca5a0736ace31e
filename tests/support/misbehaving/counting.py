"""Servers of a shared number, as the probe of shared state asks them: counting.py forgetful | careful.

Both have a thread a client, and take a lock. The forgetful one lets go of it between reading the number and writing it.
"""

import socket
import sys
import threading
import time

number, lock = 0, threading.Lock()


def add_forgetfully() -> None:
    global number
    with lock:
        read = number
    time.sleep(0.0002)
    with lock:
        number = read + 1


def add_carefully() -> None:
    global number
    with lock:
        read = number
        time.sleep(0.0002)
        number = read + 1


def attend(client: socket.socket) -> None:
    with client, client.makefile("rb") as messages:
        for message in messages:
            if message.startswith(b"+"):
                add()
            client.sendall(b"%d\r\n" % number)


add = {"forgetful": add_forgetfully, "careful": add_carefully}[sys.argv[1]]
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
print(f"READY 127.0.0.1:{listener.getsockname()[1]}", flush=True)
while True:
    threading.Thread(target=attend, args=(listener.accept()[0],), daemon=True).start()
