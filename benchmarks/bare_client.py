"""The least that a Python client over epoll can do: receive, send, count. No check, no clock, no latency.

`python benchmarks/bare_client.py PORT CLIENTS SIZE SECONDS` prints requests and CPU seconds.
"""

import os
import select
import socket
import sys
import time


def main(port: int, clients: int, size: int, seconds: float) -> None:
    message = b"x" * (size - 2) + b"\r\n"
    epoll = select.epoll()
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(clients)]
    for sock in socks:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        epoll.register(sock, select.EPOLLIN)
    for sock in socks:
        sock.send(message)
    read, write, poll = os.read, os.write, epoll.poll
    replies = 0
    until = time.monotonic() + seconds
    began = time.process_time()
    while time.monotonic() < until:
        for fd, _ in poll():
            write(fd, read(fd, 4096))
            replies += 1
    print(replies, time.process_time() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
