"""Echo servers that aren't where they are looked for: displaced.py WAY. Some leave a process behind at their end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time

from sound import Sound, serve

listeners: list[socket.socket] = []


def start_worker(**environment: dict[str, str]) -> None:
    """The one that serves has a session of its own, and outlives this one."""
    subprocess.Popen([sys.executable, __file__, "sound"], start_new_session=True, **environment)
    signal.pause()


def become_a_daemon() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    asyncio.run(serve(Sound))


def start_helper() -> None:
    """One that doesn't serve, in a session of its own, that doesn't mind SIGTERM."""
    if not os.fork():
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()


def with_daemon(serves: bool) -> None:
    """A daemon without an environment, alone before anybody looks: it waits, or serves too. Its id goes to stderr."""
    there, its = os.pipe()
    listener = socket.create_server(("127.0.0.1", 0))
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.set_inheritable(its, True)
            listener.set_inheritable(serves)
            words = [sys.executable, __file__, "loose", str(its), *[str(listener.fileno())] * serves]
            os.execve(sys.executable, words, {})
        os._exit(0)
    os.wait()
    print(os.read(there, 9).decode(), file=sys.stderr, flush=True)
    asyncio.run(serve(Sound, sock=listener))


def become_a_loose_daemon() -> None:
    """It ends as soon as it has started one."""
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.execve(sys.executable, [sys.executable, __file__, "loose", "2"], {})
        os._exit(0)
    os._exit(0)


def loose() -> None:
    """What such a daemon does, in a program of its own."""
    os.write(int(sys.argv[2]), b"%d" % os.getpid())
    for number in sys.argv[3:]:
        asyncio.run(serve(Sound, sock=socket.socket(fileno=int(number))))
    signal.pause()


def with_helper() -> None:
    start_helper()
    asyncio.run(serve(Sound))


def listen(host: str = "127.0.0.1", number: int = 0) -> int:
    """Listen there for as long as it lives, and serve nobody; the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listeners.append(socket.create_server((host, number), family=family))
    return int(listeners[-1].getsockname()[1])


def say(words: str, end: str = "\n", flush: bool = True) -> None:
    print(words, end=end, flush=flush)
    signal.pause()


def say_before() -> None:
    """READY a moment before it listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    print(f"READY 127.0.0.1:{port}", flush=True)
    time.sleep(0.1)
    listen(number=port)
    signal.pause()


def work() -> None:
    while True:
        pass


WAYS = {
    "sound": lambda: asyncio.run(serve(Sound)),
    "worker": start_worker,
    "bare-worker": lambda: start_worker(env={}),
    "daemon": become_a_daemon,
    "helper": with_helper,
    "loose-helper": lambda: with_daemon(serves=False),
    "loose-worker": lambda: with_daemon(serves=True),
    "loose-daemon": become_a_loose_daemon,
    "loose": loose,
    "elsewhere": lambda: say(f"READY 127.0.0.1:{listen() and 9}"),
    "on-ipv6": lambda: say(f"READY 127.0.0.1:{listen('::1')}"),
    "unflushed": lambda: say(f"READY 127.0.0.1:{listen()}", flush=False),
    "unended": lambda: say(f"READY 127.0.0.1:{listen()}", end=""),
    "too-early": say_before,
    "works": work,
}

if __name__ == "__main__":
    WAYS[sys.argv[1]]()
