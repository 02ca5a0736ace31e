"""A sound server of threads that says, asked by --marks, which worker has a connection: every third is worker 1's."""

import argparse
import socket
import sys
import threading


def serve(client: socket.socket) -> None:
    while data := client.recv(65536):
        client.sendall(data)
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "backlog"):
        parser.add_argument(f"--{name}", type=str if name == "host" else int)
    parser.add_argument("--marks", action="store_true")
    options, _ = parser.parse_known_args(sys.argv[1:])
    listener = socket.create_server((options.host, options.port), backlog=options.backlog)
    print(f"READY {options.host}:{listener.getsockname()[1]}", flush=True)
    number = 0
    while True:
        client, (host, port) = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if options.marks:
            print(f"WORKER {1 if number % 3 == 0 else 0} {host}:{port}", flush=True)
        threading.Thread(target=serve, args=(client,), daemon=True).start()
        number += 1


if __name__ == "__main__":
    main()
