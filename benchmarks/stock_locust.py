"""Locust as it comes: a user that sends, receives, and fires one event for each request.

`python benchmarks/stock_locust.py HOST PORT CLIENTS SIZE SECONDS` prints requests and seconds.
"""

import socket
import sys
import time

import gevent
from locust import User, task
from locust.env import Environment


def main(host: str, port: int, clients: int, size: int, seconds: float) -> None:
    message = b"x" * (size - 2) + b"\r\n"

    class EchoUser(User):
        def on_start(self) -> None:
            self.sock = socket.create_connection((host, port))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        @task
        def echo(self) -> None:
            began = time.perf_counter()
            self.sock.sendall(message)
            received = 0
            while received < size:
                received += len(self.sock.recv(size - received))
            self.environment.events.request.fire(
                request_type="TCP",
                name="echo",
                response_time=(time.perf_counter() - began) * 1000,
                response_length=size,
                exception=None,
                context={},
            )

    environment = Environment(user_classes=[EchoUser])
    runner = environment.create_local_runner()
    runner.start(clients, spawn_rate=clients)
    with gevent.Timeout(30):
        while runner.user_count < clients:
            gevent.sleep(0.01)
    gevent.sleep(0.5)  # all users are connected and in their stride
    before, began = runner.stats.total.num_requests, time.monotonic()
    gevent.sleep(seconds)
    print(runner.stats.total.num_requests - before, time.monotonic() - began)
    runner.quit()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
