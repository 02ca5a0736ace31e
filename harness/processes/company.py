"""The harness's side of who else is at the servers: a process that holds as many connections as it has files for."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from harness import machine
from harness.processes.commanded import Commanded


class Company(Commanded):
    """Of some servers, by their keys."""

    called = "the company"

    def __init__(self, cpus: Collection[int] | None, logs: Path, number: int = 0, mark: str = "") -> None:
        """Start it, its stderr going to a file in `logs`."""
        super().__init__("loadgen.company", (), cpus, logs / f"company-{number}.err", f"{mark}.company")
        self._room = machine.descriptor_limit() - machine.DESCRIPTORS_ASIDE
        self.room = self._room  # for connections

    def come(self, key: str, url: str, kind: str, size: int, queue: int) -> dict[str, Any]:
        """Those who stay connect, no more at once than `queue`; how many are `open`, were `refused`, `closed` by the
        server, and whether it still `answers`. Raises LoaderFailed, as all of these.
        """
        self.room -= size
        return self._ask({"do": "come", "target": key, "url": url, "kind": kind, "size": size, "queue": queue})

    def begin(self, key: str, head_s: float) -> None:
        """The server has a window, with such a head: they act from now on."""
        self._ask({"do": "begin", "target": key, "head_s": head_s})

    def leave(self) -> None:
        """Close all connections."""
        self._ask({"do": "leave"})
        self.room = self._room

    def end(self) -> dict[str, Any]:
        """They act no more; what became of them, as a record has it."""
        return self._ask({"do": "end"})
