"""Servers that somebody else has started: they run before the harness comes, and after it has gone."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator

from tests.support.project import CONFIG, ROOT, command


class Elsewhere:
    """A server of one of our strategies, as its owner has it."""

    def __init__(self, name: str, *options: str) -> None:
        self.process = subprocess.Popen(
            command(CONFIG.strategies[name], *options), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split()[1]  # READY HOST:PORT

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def hang(self) -> None:
        """It moves no more; its kernel goes on to take connections in."""
        self.process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """It is gone, and nobody listens there."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running(*names: str) -> Iterator[list[Elsewhere]]:
    """Servers of these strategies, each at a port of its own."""
    started: list[Elsewhere] = []
    try:
        for name in names:
            started.append(Elsewhere(name, "--port", "0"))
        yield started
    finally:
        for one in started:
            one.end()
            assert one.process.stdout is not None
            one.process.stdout.close()
