"""Echo servers that have trouble with getting ready: starting.py WAY [SECONDS].

v6         listens on ::1, and says so               v6-unsaid  listens on ::1, and says 127.0.0.1
v6-mapped  an IPv6 socket for 127.0.0.1: it is sound  unflushed  READY stays in the buffer
elsewhere  names a port that nobody listens on       banner     says something else before
works, sleeps  so many seconds of CPU or of waiting come first
"""

import contextlib
import socket
import sys
import threading
import time

WAY, *SECONDS = sys.argv[1:]
HOSTS = {"v6": "::1", "v6-unsaid": "::1", "v6-mapped": "::ffff:127.0.0.1"}


def listening() -> socket.socket:
    host = HOSTS.get(WAY, "127.0.0.1")
    if ":" not in host:
        return socket.create_server((host, 0), backlog=1024)
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, "." not in host)
    listener.bind((host, 0))
    listener.listen(1024)
    return listener


def serve(sock: socket.socket) -> None:
    with contextlib.suppress(ConnectionError), sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := sock.recv(65536):
            sock.sendall(data)


if WAY == "works":
    while time.process_time() < float(SECONDS[0]):
        pass
elif WAY == "sleeps":
    time.sleep(float(SECONDS[0]))
listener, silent = listening(), socket.socket()
silent.bind(("127.0.0.1", 0))  # it never listens
if WAY == "banner":
    print("mine 1.0, the fast echo", flush=True)
port = (silent if WAY == "elsewhere" else listener).getsockname()[1]
ready = f"READY {'[::1]' if WAY == 'v6' else '127.0.0.1'}:{port}\n"
# A buffer of its own: the environment may make Python's write through.
(stdout := open(1, "w", closefd=False)).write(ready)  # noqa: SIM115
if WAY != "unflushed":
    stdout.flush()
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
